#include <doctest/doctest.h>

#include "tests/core/vectors.h"
#include "tests/core/xet_samples.h"
#include <hubdist/core/manifest.h>

using namespace hubdist;
using namespace hubdist::testing;

namespace {

Shard parsed(const Bytes& bytes) { return Shard::parse(bytes).value(); }

ShardBuilder rebuilt(const Shard& shard) {
  ShardBuilder builder;
  for (std::uint32_t i = 0; i < shard.file_count(); ++i)
    CHECK(builder.add(make_record(shard.file(i))).ok());
  for (std::uint32_t i = 0; i < shard.xorb_count(); ++i)
    CHECK(builder.add(make_record(shard.xorb(i))).ok());
  return builder;
}

void put(Bytes& bytes, std::size_t at, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) bytes[at + i] = static_cast<std::byte>(value >> 8 * i);
}

void check_files(const Shard& shard) {
  const Vectors answers("xet_formats/files.json");
  std::size_t count = 0;
  for (const auto item : simdjson::dom::array(answers.root()["files"])) {
    const auto hash = parse_xet_hex<XetHash>(text(item["xet"])).value();
    const auto file = shard.find_file(hash);
    REQUIRE(file);
    CHECK(file->hash() == hash);
    CHECK(file->size() == std::uint64_t(item["size"]));
    CHECK(file->sha256().value().hex() == text(item["sha256"]));
    CHECK(file->has_range_hashes());
    ++count;
  }
  CHECK(shard.file_count() == count);
}

}  // namespace

TEST_CASE("the shards that hf_xet writes parse to its hashes and check") {
  for (const char* name : {"upload.shard", "stored.shard", "cache.shard"}) {
    CAPTURE(name);
    const Bytes bytes = xet_format_file(name);
    const Shard shard = parsed(bytes);
    CHECK(check_shard(shard).ok());
    CHECK(shard.footer().has_value() == (std::string_view(name) != "upload.shard"));
    check_files(shard);
    CHECK(shard.xorb_count() == 1);
  }
  CHECK(parsed(xet_format_file("cache.shard")).chunk_lookup_count() == 6);
}

TEST_CASE("hf_xet's files are the terms of hf_xet's xorb, down to the sha256 of the content") {
  const Bytes bytes = xet_format_file("stored.shard");
  const Shard shard = parsed(bytes);
  const Bytes xorb = xet_format_file("stored.xorb");
  const auto index =
      std::make_shared<const XorbIndex>(verify_xorb(xorb, shard.xorb(0).hash()).value());
  CHECK(check_xorb(shard.xorb(0), *index).ok());
  const XorbLookup lookup = [&](const XorbHash& hash) -> Result<std::shared_ptr<const XorbIndex>> {
    if (hash != index->hash) return not_found("another xorb");
    return index;
  };
  for (std::uint32_t i = 0; i < shard.file_count(); ++i) {
    const ShardFile file = shard.file(i);
    CHECK(check_file(file, lookup).ok());
    Bytes content, buffer;
    for (std::uint32_t t = 0; t < file.term_count(); ++t) {
      for (std::uint32_t c = file.term(t).chunks.begin; c < file.term(t).chunks.end; ++c) {
        const ByteRange at = index->packed_range(c);
        const ByteView packed = ByteView(xorb).subspan(at.begin, at.size());
        const ChunkHeader header = parse_chunk_header(packed.first(kChunkHeaderSize)).value();
        append_bytes(content,
                     unpack_chunk({header, packed.subspan(kChunkHeaderSize)}, buffer).value());
      }
    }
    CHECK(make_manifest(content).file_hash == file.hash());
    // Of an empty file hf_xet states a sha256 of zeros.
    if (!content.empty()) CHECK(sha256(content) == file.sha256().value());
  }
}

TEST_CASE("what we write of hf_xet's shards is the same, byte for byte") {
  const Bytes upload = xet_format_file("upload.shard");
  CHECK(rebuilt(parsed(upload)).upload_form().value() == upload);
  for (const char* name : {"stored.shard", "cache.shard"}) {
    CAPTURE(name);
    const Bytes bytes = xet_format_file(name);
    const Shard shard = parsed(bytes);
    ShardBuilder::Stored how;
    how.created = shard.footer()->created;
    how.key_expiry = shard.footer()->key_expiry;
    how.with_lookups = shard.chunk_lookup_count() > 0;
    CHECK(rebuilt(shard).stored_form(how).value() == bytes);
  }
}

TEST_CASE("shards come back as they were written, in each form") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const SampleStore store = sample_store(seed, 1 + seed % 5, seed % 7);
    const ShardBuilder builder = shard_of(store);
    ShardBuilder::Stored plain;
    plain.with_lookups = false;
    const Bytes forms[] = {builder.upload_form().value(), builder.stored_form({}).value(),
                           builder.stored_form(plain).value()};
    CHECK(forms[0].size() == builder.upload_size());
    for (const Bytes& form : forms) {
      const Shard shard = parsed(form);
      CHECK(check_shard(shard).ok());
      for (const FileRecord& file : store.files) {
        const auto found = shard.find_file(file.hash);
        REQUIRE(found);
        CHECK(make_record(*found) == file);
        CHECK(check_file(*found, store.lookup()).ok());
      }
      for (const auto& [hash, xorb] : store.xorbs) {
        const auto found = shard.find_xorb(hash);
        REQUIRE(found);
        CHECK(make_record(shard.xorb(*found)) == make_record(xorb.index));
        CHECK(check_xorb(shard.xorb(*found), xorb.index).ok());
        for (const ChunkHash& chunk : xorb.index.hashes) {
          const auto places = shard.find_chunk(chunk, 100);
          CHECK_FALSE(places.empty());
          for (const auto& place : places)
            CHECK(shard.xorb(place.xorb).chunk(place.chunk).hash == chunk);
        }
      }
      CHECK_FALSE(shard.find_file(XetHash{{std::byte{1}}}));
      CHECK_FALSE(shard.find_xorb(XorbHash{{std::byte{1}}}));
      CHECK(shard.find_chunk(ChunkHash{{std::byte{1}}}).empty());
    }
  }
}

TEST_CASE("a keyed shard answers whoever has the chunk and tells nothing else") {
  const SampleStore store = sample_store(3, 4, 3);
  ShardBuilder::Stored how;
  how.key.fill(std::byte{7});
  how.with_files = false;
  how.created = 1000;
  how.key_expiry = 2000;
  const Bytes bytes = shard_of(store).stored_form(how).value();
  const Shard shard = parsed(bytes);
  CHECK(check_shard(shard).ok());
  CHECK(shard.file_count() == 0);
  CHECK(shard.footer()->key == how.key);
  CHECK_FALSE(shard.footer()->expired(1999));
  CHECK(shard.footer()->expired(2000));
  CHECK(ShardFooter{{}, 0, 0}.expired(0));
  CHECK_FALSE(ShardFooter{}.expired(~std::uint64_t{0} - 1));
  for (const auto& [hash, xorb] : store.xorbs) {
    for (const ChunkHash& chunk : xorb.index.hashes) {
      CHECK(shard.find_chunk(chunk).size() == 1);
      const auto found =
          std::search(bytes.begin(), bytes.end(), chunk.bytes.begin(), chunk.bytes.end());
      // (A xorb of one chunk has the chunk's hash for a name.)
      if (xorb.index.chunk_count() > 1) CHECK(found == bytes.end());
    }
  }
}

TEST_CASE("every truncation of a shard is noticed, and every byte more") {
  const SampleStore store = sample_store(5, 2, 2);
  for (const Bytes& bytes :
       {shard_of(store).upload_form().value(), shard_of(store).stored_form({}).value()}) {
    for (std::size_t size = 0; size < bytes.size(); ++size)
      CHECK_FALSE(Shard::parse(ByteView(bytes).first(size)).ok());
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    CHECK_FALSE(Shard::parse(longer).ok());
  }
}

TEST_CASE("counts of 2^32 and offsets past the end are refused") {
  const SampleStore store = sample_store(6, 2, 2);
  const Bytes good = shard_of(store).stored_form({}).value();
  const std::size_t footer = good.size() - kShardFooterSize;
  struct Lie {
    std::size_t at;
    std::size_t width;
  };
  const Lie lies[] = {{kShardHeaderSize + 36, 4},
                      {32, 8},
                      {40, 8},
                      {footer, 8},
                      {footer + 8, 8},
                      {footer + 16, 8},
                      {footer + 24, 8},
                      {footer + 32, 8},
                      {footer + 40, 8},
                      {footer + 48, 8},
                      {footer + 56, 8},
                      {footer + 64, 8},
                      {footer + 192, 8}};
  for (const auto& [at, width] : lies) {
    for (const std::uint64_t value :
         {~std::uint64_t{0}, std::uint64_t{1} << 63, std::uint64_t{0xffffffff}}) {
      if (width == 4 && value << 32 == 0) continue;
      Bytes bytes = good;
      put(bytes, at, value, width);
      CAPTURE(at);
      CHECK_FALSE(Shard::parse(bytes).ok());
    }
  }
}

TEST_CASE("numbers that do not agree are found by the check") {
  SampleStore store;
  for (std::uint64_t seed = 0; store.files.empty() || store.files[0].terms.empty(); ++seed)
    store = sample_store(seed, 1, 1);
  const Bytes good = shard_of(store).stored_form({}).value();
  const std::size_t entries = 1 + store.files[0].terms.size() * 2 + 1;
  const std::size_t xorb = kShardHeaderSize + (entries + 1) * kShardEntrySize;
  const auto refused = [&](std::size_t at, std::uint64_t value, std::size_t width) {
    Bytes bytes = good;
    put(bytes, at, value, width);
    const auto shard = Shard::parse(bytes);
    return !shard.ok() || !check_shard(*shard).ok();
  };
  CHECK_FALSE(refused(0, 'H', 1));
  CHECK(refused(kShardHeaderSize + 96 + 40 - 48, 9, 4));  // the term begins after its end
  CHECK(refused(kShardHeaderSize + 48 + 44, 8193, 4));    // the term ends beyond any xorb
  CHECK(refused(kShardHeaderSize + 48 + 36, 0, 4));       // a term without bytes
  CHECK(refused(kShardHeaderSize + 48 + 36, ~0u, 4));     // or with more than chunks can have
  CHECK(refused(xorb + 40, 1, 4));                        // the xorb's bytes
  CHECK(refused(xorb + 48, 1, 1));                        // a chunk's hash
  CHECK(refused(xorb + 48 + 32, 1, 4));                   // where a chunk begins
  CHECK(refused(xorb + 48 + 36, 0, 4));                   // a chunk without bytes
  CHECK(refused(kShardHeaderSize + 32, 0xd0000000, 4));   // an unknown flag
}

TEST_CASE("a file whose terms lie is refused: past the xorb, another size, another hash") {
  const SampleStore store = sample_store(4, 3, 6);
  std::size_t checked = 0;
  for (const FileRecord& file : store.files) {
    if (file.terms.empty()) continue;
    const auto check = [&](auto&& change, bool needs = true) {
      FileRecord lie = file;
      change(lie);
      ShardBuilder builder;
      CHECK(builder.add(lie).ok());
      const Bytes bytes = builder.upload_form().value();
      return check_file(parsed(bytes).file(0), store.lookup(), needs);
    };
    CHECK(check([](FileRecord&) {}).ok());
    CHECK_FALSE(check([](FileRecord& f) { f.terms[0].chunks.end += 100; }).ok());
    CHECK_FALSE(check([](FileRecord& f) { f.terms[0].raw_size += 1; }).ok());
    CHECK_FALSE(check([](FileRecord& f) { f.hash.bytes[3] ^= std::byte{1}; }).ok());
    CHECK_FALSE(check([](FileRecord& f) { f.range_hashes[0].bytes[3] ^= std::byte{1}; }).ok());
    CHECK_FALSE(check([](FileRecord& f) { f.range_hashes.clear(); }).ok());
    CHECK(check([](FileRecord& f) { f.range_hashes.clear(); }, false).ok());
    CHECK(check([](FileRecord& f) { f.terms[0].xorb.bytes[0] ^= std::byte{1}; }).code() ==
          StatusCode::kNotFound);
    ++checked;
  }
  CHECK(checked > 2);
}

TEST_CASE("a lookup table that lies neither crashes nor convinces") {
  const SampleStore store = sample_store(8, 3, 3);
  const Bytes good = shard_of(store).stored_form({}).value();
  const std::size_t footer = good.size() - kShardFooterSize;
  const Shard shard = parsed(good);
  const std::size_t tables = footer - static_cast<std::size_t>(shard.chunk_lookup_count()) * 16 -
                             (shard.file_count() + shard.xorb_count()) * 12;
  Random random(1);
  std::size_t noticed = 0;
  for (int round = 0; round < 2000; ++round) {
    Bytes bytes = good;
    bytes[tables + random.index(footer - tables)] ^= std::byte{1} << random.below(8);
    const Shard changed = parsed(bytes);
    if (!check_shard(changed).ok()) ++noticed;
    for (const auto& [hash, xorb] : store.xorbs)
      for (const ChunkHash& chunk : xorb.index.hashes)
        for (const auto& place : changed.find_chunk(chunk, 10))
          CHECK(changed.xorb(place.xorb).chunk(place.chunk).hash == chunk);
  }
  CHECK(noticed == 2000);
}

TEST_CASE("a shard that is not sorted is searched all the same") {
  const SampleStore store = sample_store(9, 1, 4);
  Bytes bytes = shard_of(store).upload_form().value();
  const Shard sorted = parsed(bytes);
  // The first file's block goes to the end of the files.
  const auto first =
      static_cast<std::ptrdiff_t>(kShardEntrySize * (2 + sorted.file(0).term_count() * 2));
  std::size_t all = 0;
  for (std::uint32_t i = 0; i < sorted.file_count(); ++i)
    all += kShardEntrySize *
           (1 + sorted.file(i).term_count() * (sorted.file(i).has_range_hashes() ? 2 : 1) + 1);
  std::rotate(bytes.begin() + 48, bytes.begin() + 48 + first,
              bytes.begin() + 48 + static_cast<std::ptrdiff_t>(all));
  const Shard shard = parsed(bytes);
  for (const FileRecord& file : store.files) {
    const auto found = shard.find_file(file.hash);
    REQUIRE(found);
    CHECK(make_record(*found) == file);
  }
}

TEST_CASE("the builder keeps one record of each hash and refuses what does not fit") {
  SampleStore store = sample_store(4, 2, 3);
  ShardBuilder builder = shard_of(store);
  const Bytes once = builder.upload_form().value();
  for (const FileRecord& file : store.files) CHECK(builder.add(file).ok());
  for (const auto& [hash, xorb] : store.xorbs) CHECK(builder.add(make_record(xorb.index)).ok());
  CHECK(builder.upload_form().value() == once);
  CHECK(builder.upload_size() == once.size());

  FileRecord end;
  end.hash.bytes.fill(std::byte{0xff});
  CHECK_FALSE(builder.add(end).ok());
  XorbRecord xorb_end;
  xorb_end.hash.bytes.fill(std::byte{0xff});
  CHECK_FALSE(builder.add(xorb_end).ok());
  FileRecord partly;
  partly.terms.resize(2);
  partly.range_hashes.resize(1);
  CHECK_FALSE(builder.add(partly).ok());
  FileRecord large;
  large.terms.resize(kMaxShardSize / kShardEntrySize);
  CHECK(builder.add(large).ok());
  CHECK(builder.upload_form().status().code() == StatusCode::kFailedPrecondition);

  const XorbHash name = store.names[0];
  ShardBuilder marked = shard_of(store);
  marked.mark_global(name, 0);
  marked.mark_global(name, 9999);
  marked.mark_global({}, 0);
  const Bytes bytes = marked.upload_form().value();
  const Shard shard = parsed(bytes);
  CHECK(shard.xorb(shard.find_xorb(name).value()).chunk(0).global_dedupe);
}

TEST_CASE("one chunk of 1024 is asked for, and keys hide hashes") {
  Random random(1);
  std::size_t asked = 0;
  for (int i = 0; i < 200000; ++i) {
    ChunkHash hash;
    Bytes drawn;
    for (int word = 0; word < 4; ++word) append_le(drawn, random.next());
    std::copy(drawn.begin(), drawn.end(), hash.bytes.begin());
    std::uint64_t last = 0;
    for (std::size_t b = 32; b-- > 24;)
      last = last << 8 | std::to_integer<std::uint64_t>(hash.bytes[b]);
    CHECK(is_global_dedupe_chunk(hash) == (last % 1024 == 0));
    asked += is_global_dedupe_chunk(hash);
  }
  CHECK(asked > 100);
  const ChunkHash hash = chunk_hash(as_bytes("x"));
  CHECK(keyed_chunk_hash({}, hash) == hash);
  DedupeKey key{};
  key[31] = std::byte{1};
  CHECK(keyed_chunk_hash(key, hash).bytes == blake3_keyed(key, hash.bytes).bytes);
}

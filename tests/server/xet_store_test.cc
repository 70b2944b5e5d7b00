// Xorbs and files in a hub's folder, and what is read out of them.
#include <filesystem>
#include <map>
#include <thread>
#include <utility>

#include <doctest/doctest.h>

#include "server/internal/lru_cache.h"
#include "tests/server/xet_files.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/temp_dir.h"
#include <hubdist/base/log.h>
#include <hubdist/server/xet_store.h>

namespace hubdist {
namespace {

using testing::mixed_bytes;
using testing::part_of;
using testing::Random;
using testing::SampleStore;
using testing::XetSample;

struct Fixture {
  testing::TempDir temp;
  testing::FaultFileSystem fs;
  std::unique_ptr<ObjectStore> objects = *open_folder_store(fs, temp / "root");
  std::unique_ptr<XetStore> xet = std::make_unique<XetStore>(*objects);

  ~Fixture() { set_log_sink({}); }
  // As after a restart: with empty caches.
  void reopen() { xet = std::make_unique<XetStore>(*objects); }

  void put_xorb(const BuiltXorb& xorb) { testing::put_xorb(*xet, xorb); }
  void put_object(const std::string& key, ByteView content) {
    REQUIRE(objects->put(key, content).ok());
  }
  Bytes object(const std::string& key) {
    const auto found = objects->get(key, kGiB);
    REQUIRE_MESSAGE(found.ok(), message(found.status()));
    return Bytes(as_bytes(found->content).begin(), as_bytes(found->content).end());
  }
  void put_all(const SampleStore& sample) {
    for (const auto& [hash, xorb] : sample.xorbs) put_xorb(xorb);
    for (const FileRecord& file : sample.files)
      REQUIRE(xet->put_file({file.hash, 0, file.terms, file.sha256, {}}).ok());
  }
  Result<Bytes> read(ObjectReader& reader, std::uint64_t offset, std::size_t size) {
    Bytes out(size);
    HUBDIST_ASSIGN(const std::size_t count, reader.read(out, offset));
    out.resize(count);
    return out;
  }
  Result<Bytes> read_file(const XetHash& hash) {
    HUBDIST_ASSIGN(const auto reader, xet->open_file(hash));
    return read(*reader, 0, static_cast<std::size_t>(reader->size()));
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "files are read out of xorbs, whole, in ranges and in steps") {
  const SampleStore sample = testing::sample_store(7, 5, 12);
  put_all(sample);
  Random random(1);
  for (std::size_t i = 0; i < sample.files.size(); ++i) {
    const Bytes& content = sample.contents[i];
    const auto known = xet->file(sample.files[i].hash);
    REQUIRE(known.ok());
    CHECK((*known)->size == content.size());
    CHECK((*known)->terms == sample.files[i].terms);
    const auto reader = xet->open_file(sample.files[i].hash);
    REQUIRE(reader.ok());
    CHECK((*reader)->size() == content.size());
    CHECK((*reader)->file() == nullptr);
    CHECK(*read(**reader, 0, content.size() + 10) == content);
    for (int draw = 0; draw < 50; ++draw) {
      const std::size_t offset = random.index(content.size() + 2);
      const std::size_t size = random.index(content.size() + 2);
      CHECK(*read(**reader, offset, size) == part_of(content, offset, size));
    }
    for (const std::size_t step : {1, 7, 300})
      for (std::size_t offset = 0; offset < content.size(); offset += step)
        REQUIRE(*read(**reader, offset, step) == part_of(content, offset, step));
  }
}

TEST_CASE_FIXTURE(Fixture, "a range costs the chunks that hold it, and each chunk once") {
  const XetSample big(mixed_bytes(1, 7'000'000), 64 * kKiB, 40);
  for (const BuiltXorb& xorb : big.xorbs) put_xorb(xorb);
  REQUIRE(xet->put_file(big.file).ok());
  std::atomic<std::uint64_t> counted = 0;
  const auto reader = xet->open_file(big.file.hash, &counted);
  REQUIRE(reader.ok());
  counted = 0;  // of the file's terms
  Bytes out;
  const std::size_t step = 256 * kKiB;
  for (std::uint64_t offset = 0; offset < big.content.size(); offset += step)
    append_bytes(out, *read(**reader, offset, step));
  CHECK(out == big.content);
  CHECK(counted == big.packed_size());  // indexes are in memory since put_file()

  counted = 0;
  CHECK(*read(**reader, 100, 10) == part_of(big.content, 100, 10));
  CHECK(counted <= 64 * kKiB + kChunkHeaderSize);
  counted = 0;
  CHECK(read(**reader, 5'000'000, 1'000'000)->size() == 1'000'000);
  CHECK(counted <= 1'000'000 + 2 * (64 * kKiB + 100) + 20 * kChunkHeaderSize);

  // After a restart the index is read, and nothing else of the xorb.
  reopen();
  counted = 0;
  const auto again = xet->open_file(big.file.hash, &counted);
  CHECK(read(**again, 0, 10)->size() == 10);
  const std::size_t footer = 96 + 40 * 40;
  CHECK(counted <= object(xet_file_key(big.file.hash)).size() + footer + 64 * kKiB + 8);
}

TEST_CASE_FIXTURE(Fixture, "what is not there is NotFound") {
  const SampleStore sample = testing::sample_store(1, 1, 1);
  const BuiltXorb& xorb = sample.xorbs.begin()->second;
  CHECK(xet->index(xorb.index.hash).status().code() == StatusCode::kNotFound);
  CHECK(xet->open_xorb(xorb.index.hash).status().code() == StatusCode::kNotFound);
  CHECK(xet->file(XetHash{}).status().code() == StatusCode::kNotFound);
  CHECK(xet->open_file(XetHash{}).status().code() == StatusCode::kNotFound);
  CHECK(*xet->file_of(Sha256{}) == std::nullopt);
  CHECK(xet->put_content(Sha256{}, XetHash{}).code() == StatusCode::kNotFound);
  // A file is put after its xorbs.
  const XetSample big(mixed_bytes(1, 200), 100);
  CHECK(xet->put_file(big.file).code() == StatusCode::kNotFound);
  CHECK(xet->file(big.file.hash).status().code() == StatusCode::kNotFound);
  put_xorb(big.xorbs[0]);
  XetFile past_end = big.file;
  past_end.terms[0].chunks.end = 3;
  CHECK(xet->put_file(past_end).code() == StatusCode::kOutOfRange);
}

TEST_CASE_FIXTURE(Fixture, "a file learns its SHA-256, and is found by it") {
  XetSample big(mixed_bytes(1, 3000), 500);
  const auto sha256 = std::exchange(big.file.sha256, std::nullopt);
  for (const BuiltXorb& xorb : big.xorbs) put_xorb(xorb);
  REQUIRE(xet->put_file(big.file).ok());
  CHECK_FALSE((*xet->file(big.file.hash))->sha256);
  XetFile known = big.file;
  known.sha256 = sha256;
  REQUIRE(xet->put_file(known).ok());
  CHECK((*xet->file(big.file.hash))->sha256 == known.sha256);
  REQUIRE(xet->put_file(big.file).ok());  // forgets nothing
  CHECK((*xet->file(big.file.hash))->sha256 == known.sha256);
  CHECK(xet->totals().file_bytes == big.content.size());
  CHECK(xet->totals().xorb_bytes > big.packed_size());
  REQUIRE(xet->put_content(*known.sha256, big.file.hash).ok());
  CHECK(*xet->file_of(*known.sha256) == big.file.hash);
  put_object(xet_content_key(Sha256{}), as_bytes("nonsense"));
  CHECK(xet->file_of(Sha256{}).status().code() == StatusCode::kDataLoss);
}

TEST_CASE_FIXTURE(Fixture, "an empty file has no terms") {
  REQUIRE(xet->put_file({XetHash{}, 0, {}, sha256({}), {}}).ok());
  CHECK(read_file(XetHash{})->empty());
  CHECK((*xet->file(XetHash{}))->sha256 == sha256({}));
}

TEST_CASE_FIXTURE(Fixture, "a footer of version 0 is replaced on the way") {
  const XetSample big(mixed_bytes(1, 5000), 1000, 5);
  const BuiltXorb& xorb = big.xorbs[0];
  const std::string key = xorb_key(xorb.index.hash);
  const Bytes old = testing::with_footer(xorb, 0);
  put_object(key, old);
  SUBCASE("by whoever asks for its index") { CHECK(**xet->index(xorb.index.hash) == xorb.index); }
  SUBCASE("by who reads a file") {
    REQUIRE(xet->put_file(big.file).ok());
    CHECK(*read_file(big.file.hash) == big.content);
  }
  SUBCASE("whoever has it open reads on") {
    const auto before = xet->open_xorb(xorb.index.hash);
    CHECK(**xet->index(xorb.index.hash) == xorb.index);
    CHECK(*read(**before, 0, old.size()) == old);
  }
  SUBCASE("by many at once") {
    std::vector<std::thread> threads;
    std::atomic<int> right = 0;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        const auto index = xet->index(xorb.index.hash);
        right += index.ok() && **index == xorb.index;
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(right == 4);
  }
  CHECK(object(key) == testing::with_footer(xorb, 1));
  CHECK(fs.list(temp / "root" / ".tmp")->empty());
}

TEST_CASE_FIXTURE(Fixture, "an old footer serves also when it cannot be replaced") {
  const XetSample big(mixed_bytes(1, 5000), 1000, 5);
  const BuiltXorb& xorb = big.xorbs[0];
  const Bytes old = testing::with_footer(xorb, 0);
  put_object(xorb_key(xorb.index.hash), old);
  std::string logged;
  set_log_sink([&](LogLevel, std::string_view line) { logged += line; });
  SUBCASE("the disk is full") { fs.fill_after(100); }
  SUBCASE("the new one cannot be synced") { fs.fail("sync", EIO); }
  SUBCASE("it cannot take its place") { fs.fail("rename", EIO); }
  CHECK(**xet->index(xorb.index.hash) == xorb.index);
  CHECK(logged.find("stays in its old form") != std::string::npos);
  fs.reset();
  CHECK(object(xorb_key(xorb.index.hash)) == old);
  CHECK(fs.list(temp / "root" / ".tmp")->empty());
  reopen();
  REQUIRE(xet->index(xorb.index.hash).ok());
  CHECK(object(xorb_key(xorb.index.hash)) == testing::with_footer(xorb, 1));
}

TEST_CASE_FIXTURE(Fixture, "a new footer is synced before it takes the place of the old one") {
  const XetSample big(mixed_bytes(1, 2000), 1000);
  put_object(xorb_key(big.xorbs[0].index.hash), testing::with_footer(big.xorbs[0], 0));
  fs.reset();
  REQUIRE(xet->index(big.xorbs[0].index.hash).ok());
  std::vector<std::string> order;
  for (const auto& operation : fs.operations())
    if (operation.name == "pwrite" || operation.name == "sync" || operation.name == "rename" ||
        operation.name == "sync_directory")
      order.push_back(operation.name);
  CHECK(order == std::vector<std::string>{"pwrite", "pwrite", "sync", "rename", "sync_directory"});
}

TEST_CASE_FIXTURE(Fixture, "damage is found, whatever was damaged") {
  const XetSample big(mixed_bytes(1, 24'000), 3000);
  for (const BuiltXorb& xorb : big.xorbs) put_xorb(xorb);
  REQUIRE(xet->put_file(big.file).ok());
  const XorbHash first = big.xorbs[0].index.hash;
  const XorbHash second = big.xorbs[1].index.hash;
  Bytes bytes = object(xorb_key(second));
  reopen();
  SUBCASE("a xorb's name") { put_object(xorb_key(second), object(xorb_key(first))); }
  SUBCASE("a xorb that is cut") {
    bytes.resize(bytes.size() - 10);
    put_object(xorb_key(second), bytes);
  }
  SUBCASE("a xorb that is nearly nothing") { put_object(xorb_key(second), as_bytes("abc")); }
  SUBCASE("a xorb that is gone") { REQUIRE(objects->remove(xorb_key(second)).ok()); }
  SUBCASE("a xorb that is gone while its index is known") {
    REQUIRE(xet->index(second).ok());
    REQUIRE(objects->remove(xorb_key(second)).ok());
  }
  SUBCASE("a file that names another xorb") {
    Bytes file = object(xet_file_key(big.file.hash));
    // The term of the second xorb: header of the shard, of the file, the first term.
    std::copy(first.bytes.begin(), first.bytes.end(), file.begin() + 3 * kShardEntrySize);
    put_object(xet_file_key(big.file.hash), file);
  }
  const auto content = read_file(big.file.hash);
  CHECK(content.status().code() == StatusCode::kDataLoss);
  // What is whole is read.
  const auto reader = xet->open_file(big.file.hash);
  REQUIRE(reader.ok());
  CHECK(*read(**reader, 10, 9000) == part_of(big.content, 10, 9000));
  // Also by a reader that has met the damage.
  CHECK(read(**reader, 0, big.content.size()).status().code() == StatusCode::kDataLoss);
  CHECK(*read(**reader, 10, 9000) == part_of(big.content, 10, 9000));
}

TEST_CASE_FIXTURE(Fixture, "each byte of a xorb and of a file matters") {
  const XetSample big(mixed_bytes(1, 120), 40);
  const XorbHash hash = big.xorbs[0].index.hash;
  put_xorb(big.xorbs[0]);
  REQUIRE(xet->put_file(big.file).ok());
  const Bytes xorb = object(xorb_key(hash));
  const Bytes file = object(xet_file_key(big.file.hash));
  std::size_t unseen = 0;
  const auto flip = [&](const std::string& key, Bytes bytes, std::size_t at) {
    bytes[at] ^= std::byte{1};
    put_object(key, bytes);
    reopen();
    const auto found = read_file(big.file.hash);
    // Some bytes say nothing, and a frame's checksums are passed over. None gives other bytes.
    if (found.ok()) {
      ++unseen;
      CHECK(*found == big.content);
    } else {
      CHECK(found.status().code() == StatusCode::kDataLoss);
    }
  };
  for (std::size_t i = 0; i < xorb.size(); ++i) flip(xorb_key(hash), xorb, i);
  put_object(xorb_key(hash), xorb);
  for (std::size_t i = 0; i < file.size(); ++i) flip(xet_file_key(big.file.hash), file, i);
  CHECK(unseen < 16 + (file.size() - 32) / 2);
}

TEST_CASE_FIXTURE(Fixture, "a file that was damaged is healed by putting it again") {
  const XetSample big(mixed_bytes(1, 120), 40);
  put_xorb(big.xorbs[0]);
  REQUIRE(xet->put_file(big.file).ok());
  put_object(xet_file_key(big.file.hash), as_bytes("nonsense"));
  reopen();
  CHECK(xet->file(big.file.hash).status().code() == StatusCode::kDataLoss);
  REQUIRE(xet->put_file(big.file).ok());
  CHECK(*read_file(big.file.hash) == big.content);
}

TEST_CASE_FIXTURE(Fixture, "one reader serves many threads") {
  const XetSample big(mixed_bytes(1, 700'000), 20'000, 8);
  for (const BuiltXorb& xorb : big.xorbs) put_xorb(xorb);
  REQUIRE(xet->put_file(big.file).ok());
  const auto reader = xet->open_file(big.file.hash);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 0; seed < 4; ++seed)
    threads.emplace_back([&, seed] {
      Random random(seed);
      for (int i = 0; i < 30; ++i) {
        const std::size_t offset = random.index(big.content.size());
        const auto found = read(**reader, offset, 50'000);
        if (!found.ok() || *found != part_of(big.content, offset, 50'000)) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("a cache keeps what was used last, within its room") {
  internal::LruCache<int, std::string> cache(10);
  const auto text = [](std::string_view value) {
    return std::make_shared<const std::string>(value);
  };
  cache.insert(1, text("one"), 4);
  cache.insert(2, text("two"), 4);
  REQUIRE(cache.find(1) != nullptr);
  cache.insert(3, text("three"), 4);
  CHECK(cache.find(2) == nullptr);  // the least recently used
  CHECK(*cache.find(1) == "one");
  cache.insert(1, text("uno"), 5);
  CHECK(*cache.find(1) == "uno");
  CHECK(*cache.find(3) == "three");
  cache.insert(4, text("too large"), 11);
  CHECK(cache.find(4) == nullptr);
  CHECK(cache.find(3) != nullptr);
  cache.erase(3);
  CHECK(cache.find(3) == nullptr);
}

}  // namespace hubdist

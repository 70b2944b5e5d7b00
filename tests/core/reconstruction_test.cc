#include <doctest/doctest.h>

#include "tests/core/xet_samples.h"
#include <hubdist/core/reconstruction.h>

using namespace hubdist;
using namespace hubdist::testing;

namespace {

std::string url_of(const XorbHash& xorb, std::span<const FetchRange> ranges) {
  std::string url = concat("http://127.0.0.1/", xet_hex(xorb), "?");
  for (const auto& range : ranges) url += concat(range.bytes.begin, "-", range.bytes.end, ",");
  return url;
}

// What a client makes of an answer: reads the ranges, cuts chunks, puts terms together.
Bytes assemble(const SampleStore& store, const Reconstruction& answer) {
  Bytes out, buffer;
  for (const Term& term : answer.terms) {
    const auto place = answer.find(term);
    REQUIRE(place.range);
    const BuiltXorb& xorb = store.xorbs.at(term.xorb);
    ByteView read =
        ByteView(xorb.bytes).subspan(place.range->bytes.begin, place.range->bytes.size());
    ChunkSplitter splitter;
    for (std::uint32_t c = place.range->chunks.begin; !read.empty(); ++c) {
      const auto step = splitter.next(read).value();
      REQUIRE(step.chunk);
      const ByteView raw = unpack_chunk(*step.chunk, buffer).value();
      if (term.chunks.begin <= c && c < term.chunks.end) append_bytes(out, raw);
      read = read.subspan(step.taken);
    }
  }
  out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(answer.offset_into_first_range));
  return out;
}

Reconstruction sample_answer() {
  const SampleStore store = sample_store(4, 3, 6);
  for (const FileRecord& file : store.files)
    if (file.terms.size() > 2)
      return ReconstructionPlanner(store.lookup(), url_of, 8)
          .plan(file.terms, std::nullopt)
          .value();
  FAIL("no file with three terms");
  return {};
}

bool refused(const Reconstruction& answer) {
  const bool checked = check_reconstruction(answer).ok();
  CHECK(parse_reconstruction(write_reconstruction_v2(answer)).ok() == checked);
  return !checked;
}

}  // namespace

TEST_CASE("a planned answer brings the bytes that were asked for, through both versions") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const SampleStore store = sample_store(seed, 1 + seed % 4, 3);
    Random random(seed);
    for (std::size_t f = 0; f < store.files.size(); ++f) {
      const Bytes& content = store.contents[f];
      for (int round = 0; round < 12; ++round) {
        std::optional<ByteRange> wanted;
        if (round > 0 && !content.empty()) {
          const std::uint64_t begin = random.below(content.size());
          wanted = ByteRange{begin, begin + 1 + random.below(content.size() + 10 - begin)};
        }
        const ReconstructionPlanner planner(store.lookup(), url_of, 1 + random.index(3));
        const Reconstruction answer = planner.plan(store.files[f].terms, wanted).value();
        CHECK(check_reconstruction(answer).ok());
        CHECK(parse_reconstruction(write_reconstruction_v2(answer)).value() == answer);
        const auto v1 = parse_reconstruction(write_reconstruction_v1(answer)).value();
        CHECK(v1.terms == answer.terms);

        const ByteRange range =
            wanted ? ByteRange{wanted->begin, std::min<std::uint64_t>(wanted->end, content.size())}
                   : ByteRange{0, content.size()};
        for (const Reconstruction& got : {answer, v1}) {
          const Bytes bytes = assemble(store, got);
          CHECK(bytes.size() == got.size());
          REQUIRE(bytes.size() >= range.size());
          CHECK(std::equal(bytes.begin(), bytes.begin() + static_cast<long>(range.size()),
                           content.begin() + static_cast<long>(range.begin)));
        }
        // No chunk too many: without the first or the last one something would be missing.
        if (answer.terms.empty()) continue;
        const Term& first = answer.terms.front();
        const Term& last = answer.terms.back();
        const auto size_of = [&](const XorbHash& xorb, std::uint32_t chunk) {
          return store.xorbs.at(xorb).index.chunk(chunk).size;
        };
        CHECK(answer.offset_into_first_range < size_of(first.xorb, first.chunks.begin));
        CHECK(answer.size() - range.size() < size_of(last.xorb, last.chunks.end - 1));
      }
    }
  }
}

TEST_CASE("ranges that a file does not have are refused as such") {
  const SampleStore store = sample_store(4, 3, 6);
  const ReconstructionPlanner planner(store.lookup(), url_of, 4);
  for (std::size_t f = 0; f < store.files.size(); ++f) {
    const std::uint64_t size = store.contents[f].size();
    const auto& terms = store.files[f].terms;
    if (size == 0) {
      CHECK(planner.plan(terms, ByteRange{0, 10}).value() == Reconstruction{});
      CHECK(planner.plan(terms, ByteRange{1, 10}).status().code() == StatusCode::kOutOfRange);
      continue;
    }
    CHECK(planner.plan(terms, ByteRange{size, size + 1}).status().code() ==
          StatusCode::kOutOfRange);
    CHECK(
        planner.plan(terms, ByteRange{~std::uint64_t{0} - 1, ~std::uint64_t{0}}).status().code() ==
        StatusCode::kOutOfRange);
    CHECK(planner.plan(terms, ByteRange{0, 0}).status().code() == StatusCode::kInvalidArgument);
    CHECK(planner.plan(terms, ByteRange{size - 1, ~std::uint64_t{0}}).ok());
    auto wrong = terms;
    wrong[0].chunks.end += 50;
    CHECK(planner.plan(wrong, std::nullopt).status().code() == StatusCode::kDataLoss);
    wrong = terms;
    wrong[0].raw_size -= 1;
    CHECK(planner.plan(wrong, std::nullopt).status().code() == StatusCode::kDataLoss);
    wrong = terms;
    wrong[0].xorb = {};
    CHECK(planner.plan(wrong, std::nullopt).status().code() == StatusCode::kNotFound);
  }
}

TEST_CASE("a batch answers for each file from the same ranges") {
  const SampleStore store = sample_store(4, 2, 5);
  std::map<XetHash, std::vector<Term>> files;
  for (const FileRecord& file : store.files) files[file.hash] = file.terms;
  const auto answer = ReconstructionPlanner(store.lookup(), url_of, 1).plan_batch(files).value();
  CHECK(answer.files == files);
  const std::string json = write_batch_reconstruction(answer);
  for (const auto& [hash, terms] : files) CHECK(json.find(xet_hex(hash)) != std::string::npos);
  for (const auto& [hash, terms] : files) {
    Reconstruction one{0, terms, answer.xorbs};
    for (const Term& term : terms) CHECK(one.find(term).range);
  }
}

TEST_CASE("the answers that the specification shows are read") {
  const std::string hash(64, 'a');
  const std::string term = "\"terms\":[{\"hash\":\"" + hash +
                           "\",\"unpacked_length\":263873,\"range\":{\"start\":0,\"end\":4}}]";
  const auto v1 = parse_reconstruction(
      "{\"offset_into_first_range\":5," + term + ",\"fetch_info\":{\"" + hash +
      "\":[{\"range\":{\"start\":0,\"end\":4},\"url\":\"https://x/y\",\"url_range\":{\"start\":0,"
      "\"end\":131071}}]}}");
  const auto v2 = parse_reconstruction(
      "{\"offset_into_first_range\":5,\"new\":null," + term + ",\"xorbs\":{\"" + hash +
      "\":[{\"url\":\"https://x/y\",\"ranges\":[{\"chunks\":{\"start\":0,\"end\":4},\"bytes\":{"
      "\"start\":0,\"end\":131071}}]}]}}");
  REQUIRE(v1.ok());
  CHECK(v1.value() == v2.value());
  CHECK(v1->terms[0].raw_size == 263873);
  CHECK(v1->xorbs.begin()->second[0].ranges[0].bytes == ByteRange{0, 131072});
  CHECK(v1->size() == 263868);
  CHECK(parse_reconstruction(write_reconstruction_v1(*v1)).value() == *v1);
}

TEST_CASE("answers that cannot be are refused: overlaps, gaps, numbers beyond all bounds") {
  const Reconstruction good = sample_answer();
  CHECK_FALSE(refused(good));
  const auto change = [&](auto&& edit) {
    Reconstruction answer = good;
    edit(answer);
    return refused(answer);
  };
  const auto first = [](Reconstruction& a) -> FetchRange& {
    return a.xorbs.begin()->second[0].ranges[0];
  };
  CHECK(change([](Reconstruction& a) { a.offset_into_first_range = a.terms[0].raw_size; }));
  CHECK(change([](Reconstruction& a) { a.offset_into_first_range = 1ull << 63; }));
  CHECK(change([](Reconstruction& a) { a.terms[0].raw_size = 0; }));
  CHECK(change([](Reconstruction& a) { a.terms[0].raw_size = 0xffffffff; }));
  CHECK(change([](Reconstruction& a) { a.terms[0].chunks.end = a.terms[0].chunks.begin; }));
  CHECK(change([](Reconstruction& a) { a.terms[0].chunks.end = 8000; }));
  CHECK(change([](Reconstruction& a) { a.terms[0].xorb.bytes[0] ^= std::byte{1}; }));
  CHECK(change([](Reconstruction& a) { a.xorbs.clear(); }));
  CHECK(change([](Reconstruction& a) { a.xorbs.begin()->second[0].url.clear(); }));
  CHECK(change([](Reconstruction& a) { a.xorbs.begin()->second[0].url.resize(70000, 'x'); }));
  CHECK(change([](Reconstruction& a) { a.xorbs.begin()->second[0].ranges.clear(); }));
  CHECK(change([&](Reconstruction& a) { first(a).bytes.end = (1ull << 63) + 5; }));
  CHECK(change([&](Reconstruction& a) { first(a).bytes.end = first(a).bytes.begin + 8; }));
  CHECK(change([&](Reconstruction& a) {
    a.xorbs.begin()->second.push_back(a.xorbs.begin()->second[0]);  // twice the same
  }));
  CHECK(change([&](Reconstruction& a) {  // overlapping bytes of chunks that do not overlap
    const FetchRange last = a.xorbs.begin()->second.back().ranges.back();
    a.terms.push_back({a.xorbs.begin()->first, {last.chunks.end + 1, last.chunks.end + 2}, 5});
    a.xorbs.begin()->second.push_back({"u",
                                       {{{last.chunks.end + 1, last.chunks.end + 2},
                                         {last.bytes.end - 1, last.bytes.end + 20}}}});
  }));
}

TEST_CASE("text that is no answer is refused") {
  const std::string good = write_reconstruction_v2(sample_answer());
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK_FALSE(parse_reconstruction(std::string_view(good).substr(0, size)).ok());
  for (const char* bad :
       {"", "[]", "{}", "null", "{\"offset_into_first_range\":0,\"terms\":[]}",
        "{\"offset_into_first_range\":-1,\"terms\":[],\"xorbs\":{}}",
        "{\"offset_into_first_range\":0.5,\"terms\":[],\"xorbs\":{}}",
        "{\"offset_into_first_range\":0,\"terms\":{},\"xorbs\":{}}",
        "{\"offset_into_first_range\":0,\"terms\":[1],\"xorbs\":{}}",
        "{\"offset_into_first_range\":0,\"terms\":[],\"xorbs\":{\"zz\":[]}}",
        "{\"offset_into_first_range\":0,\"terms\":[{\"hash\":\"\",\"unpacked_length\":"
        "9223372036854775808,\"range\":{\"start\":0,\"end\":1}}],\"xorbs\":{}}",
        "{\"offset_into_first_range\":18446744073709551616,\"terms\":[],\"xorbs\":{}}"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_reconstruction(bad).ok());
  }
  CHECK(parse_reconstruction("{\"offset_into_first_range\":0,\"terms\":[],\"xorbs\":{}}").ok());
  CHECK_FALSE(parse_reconstruction(std::string(kMaxReconstructionSize + 1, ' ')).ok());
  CHECK_FALSE(parse_reconstruction(std::string(100000, '[')).ok());
}

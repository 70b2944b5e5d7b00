#include <doctest/doctest.h>

#include <hubdist/io/http_range.h>

namespace hubdist {
namespace {

using Kind = RangeRequest::Kind;

TEST_CASE("parts of a content") {
  struct Case {
    std::string_view field;
    ByteRange range;
  };
  const Case cases[] = {{"bytes=0-0", {0, 1}},
                        {"bytes=0-99", {0, 100}},
                        {"bytes=10-", {10, 100}},
                        {"bytes=10-1000", {10, 100}},
                        {"bytes=99-99", {99, 100}},
                        {"bytes=-1", {99, 100}},
                        {"bytes=-1000", {0, 100}},
                        {" Bytes = 5 - 6 ", {5, 7}},
                        {"bytes=5-99999999999999999999", {5, 100}}};
  for (const Case& good : cases) {
    CAPTURE(good.field);
    const RangeRequest read = parse_range(good.field, 100);
    CHECK(read.kind == Kind::kPart);
    CHECK(read.range == good.range);
  }
}

TEST_CASE("what cannot be satisfied, and what is not understood") {
  for (const char* field :
       {"bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999-"})
    CHECK(parse_range(field, 100).kind == Kind::kUnsatisfiable);
  CHECK(parse_range("bytes=0-", 0).kind == Kind::kUnsatisfiable);
  CHECK(parse_range("bytes=-5", 0).kind == Kind::kUnsatisfiable);
  for (const char* field : {"", "bytes", "bytes=", "bytes=-", "bytes=5", "bytes=6-5", "bytes=a-b",
                            "items=0-5", "bytes=0-1,5-6", "bytes=1--2", "bytes=+1-2"})
    CHECK(parse_range(field, 100).kind == Kind::kWhole);
  CHECK(content_range({5, 10}, 100) == "bytes 5-9/100");
}

TEST_CASE("lists of etags") {
  CHECK(etag_matches("*", "\"a\""));
  CHECK(etag_matches("\"a\"", "\"a\""));
  CHECK(etag_matches("\"b\" , W/\"a\"", "\"a\""));
  CHECK_FALSE(etag_matches("", "\"a\""));
  CHECK_FALSE(etag_matches("a, \"aa\"", "\"a\""));
}

}  // namespace
}  // namespace hubdist

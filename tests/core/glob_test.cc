#include <algorithm>

#include <doctest/doctest.h>

#include "tests/core/vectors.h"
#include <hubdist/core/glob.h>

using namespace hubdist;
using hubdist::testing::text;
using hubdist::testing::Vectors;
using simdjson::dom::array;
using simdjson::dom::element;

namespace {

std::vector<std::string> texts(element list) {
  std::vector<std::string> out;
  for (const element item : array(list)) out.push_back(text(item));
  return out;
}

}  // namespace

TEST_CASE("patterns match what Python's fnmatch matches") {
  const Vectors vectors("fnmatch.json");
  // "*" matches every path of the table.
  std::vector<std::string> paths;
  for (const element row : array(vectors.root()))
    if (text(row["pattern"]) == "*") paths = texts(row["matches"]);
  REQUIRE(paths.size() > 30);
  for (const element row : array(vectors.root())) {
    const std::string pattern = text(row["pattern"]);
    const std::vector<std::string> matches = texts(row["matches"]);
    for (const std::string& path : paths) {
      const bool expected = std::find(matches.begin(), matches.end(), path) != matches.end();
      CHECK_MESSAGE(glob_match(pattern, path) == expected, pattern, " on ", path);
    }
  }
}

TEST_CASE("filters let through what huggingface_hub's lets through") {
  const Vectors vectors("filters.json");
  std::vector<std::string> paths;
  for (const element row : array(vectors.root()))
    if (row["allow"].is_null() && row["ignore"].is_null()) paths = texts(row["kept"]);
  REQUIRE(paths.size() > 30);
  for (const element row : array(vectors.root())) {
    PathFilter filter;
    filter.has_include = !row["allow"].is_null();
    if (filter.has_include) filter.include = texts(row["allow"]);
    if (!row["ignore"].is_null()) filter.exclude = texts(row["ignore"]);
    std::vector<std::string> kept;
    for (const std::string& path : paths)
      if (filter.matches(path)) kept.push_back(path);
    CHECK_MESSAGE(kept == texts(row["kept"]), simdjson::to_string(row));
  }
}

TEST_CASE("bytes that are no UTF-8 count as one character each") {
  CHECK(glob_match("?", "\xff"));
  CHECK_FALSE(glob_match("?", "\xff\xfe"));
  CHECK(glob_match("??", "\xe6\xa8"));       // a cut sequence of three
  CHECK(glob_match("??", "\xc0\x80"));       // an overlong NUL
  CHECK(glob_match("???", "\xed\xa0\x80"));  // a surrogate
  CHECK(glob_match("\xff*", "\xff.bin"));
}

TEST_CASE("a hostile pattern costs no more than the product of the lengths") {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "a*";
  pattern += "b";
  CHECK_FALSE(glob_match(pattern, std::string(20'000, 'a')));
}

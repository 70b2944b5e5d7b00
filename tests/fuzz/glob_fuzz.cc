#include <vector>

#include "tests/fuzz/fuzz.h"
#include <hubdist/core/glob.h>

using namespace hubdist;
using hubdist::fuzz::fuzz_check;

namespace {

// '*' and '?' alone, on ASCII, by a table of which prefixes match.
bool match_by_table(std::string_view pattern, std::string_view path) {
  std::vector<bool> before(path.size() + 1, false);
  before[0] = true;
  for (const char c : pattern) {
    std::vector<bool> now(path.size() + 1, false);
    now[0] = c == '*' && before[0];
    for (std::size_t i = 1; i <= path.size(); ++i) {
      if (c == '*')
        now[i] = before[i] || now[i - 1];
      else
        now[i] = before[i - 1] && (c == '?' || c == path[i - 1]);
    }
    before = now;
  }
  return before[path.size()];
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 128 && c != '['; });
}

}  // namespace

// The first line is the pattern, the rest the path.
FUZZ_TARGET(glob, 5000) {
  const std::string_view text = as_text(input);
  const std::string_view pattern = text.substr(0, text.find('\n'));
  const std::string_view path = text.substr(std::min(text.size(), pattern.size() + 1));
  const bool matches = glob_match(pattern, path);
  if (is_plain(pattern) && is_plain(path))
    fuzz_check(matches == match_by_table(pattern, path), "a match differs from the table's");
  if (matches) fuzz_check(glob_match(concat("*", pattern), path), "a '*' in front loses a match");
  fuzz_check(glob_match("*", path), "'*' does not match everything");

  const PathFilter only{{std::string(pattern)}, {}, true};
  const PathFilter without{{}, {std::string(pattern)}, false};
  fuzz_check(only.matches(path) != without.matches(path),
             "include and exclude overlap or leave gaps");
}

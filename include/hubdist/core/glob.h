// Include and exclude patterns, with the meaning that huggingface_hub gives them (Python's
// fnmatch: '*' crosses '/', '?', '[seq]', '[!seq]', case-sensitive; a pattern that ends in '/'
// means everything below).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hubdist {

// Whether the whole of `path` matches, character by character (UTF-8; a byte that is none counts as
// one character). Costs at most the product of the two lengths.
bool glob_match(std::string_view pattern, std::string_view path);

// Which paths of a repository are wanted: those that match an include, if any were given, and no
// exclude. A backslash in a pattern means '/'.
struct PathFilter {
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  bool has_include = false;  // an empty include list that was given matches nothing
  bool matches(std::string_view path) const;
};

}  // namespace hubdist

// Include and exclude patterns, with the meaning that huggingface_hub gives them (Python's
// fnmatch: '*' crosses '/', '?', '[seq]', '[!seq]', case-sensitive; a pattern that ends in '/'
// means everything below).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hubdist {

bool glob_match(std::string_view pattern, std::string_view path);

// Which paths of a repository are wanted. An absent list of includes means all.
struct PathFilter {
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  bool has_include = false;  // an empty include list that was given matches nothing
  bool matches(std::string_view path) const;
};

}  // namespace hubdist

// The patterns of .gitattributes and .gitignore files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hubdist::internal {

// A pattern without '/' matches a file's name, another the whole path; '**' crosses folders. Costs
// at most the product of the two lengths.
bool match_git_pattern(std::string_view pattern, std::string_view path);

// Lines of a .gitignore beyond these are passed over.
inline constexpr std::size_t kMaxIgnoreRules = 10'000;

// A .gitignore file at the top of a repository (gitignore(5)).
class GitIgnore {
 public:
  static GitIgnore parse(std::string_view gitignore);
  bool ignores(std::string_view path) const;
  // Of all its rules together.
  std::uint64_t pattern_bytes() const { return pattern_bytes_; }

 private:
  struct Rule {
    std::string pattern;
    bool ignores = true;
    bool only_folders = false;
  };
  bool last_word(std::string_view path, bool is_folder) const;
  std::vector<Rule> rules_;
  std::uint64_t pattern_bytes_ = 0;
};

}  // namespace hubdist::internal

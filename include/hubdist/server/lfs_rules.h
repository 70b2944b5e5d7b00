// Which files of a repository are kept apart from git (LFS).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <hubdist/base/bytes.h>

namespace hubdist {

// Whatever the attributes say, a larger file is kept apart.
inline constexpr std::uint64_t kMaxRegularFile = 10 * kMiB;

// Rules of a .gitattributes file beyond these are passed over.
inline constexpr std::size_t kMaxLfsRules = 10'000;

// The `filter=lfs` rules of a .gitattributes file (gitattributes(5): later lines win, a pattern
// without '/' matches the file name, '**' crosses folders).
class LfsRules {
 public:
  // Those that a new repository on Hugging Face begins with.
  static LfsRules defaults();
  static LfsRules parse(std::string_view gitattributes);
  // As a .gitattributes file.
  std::string gitattributes() const;
  // An empty file never is.
  bool is_lfs(std::string_view path, std::uint64_t size) const;

 private:
  struct Rule {
    std::string pattern;
    bool lfs = false;
  };
  std::vector<Rule> rules_;
};

}  // namespace hubdist

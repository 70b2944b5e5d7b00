#include <filesystem>

#include "tests/fuzz/fuzz.h"
#include <hubdist/core/snapshot.h>

using namespace hubdist;
using hubdist::fuzz::fuzz_check;

FUZZ_TARGET(relative_path, 5000) {
  const std::string_view path = as_text(input);
  if (!check_relative_path(path).ok()) return;
  const std::filesystem::path joined = std::filesystem::path("/cache/snapshot") / path;
  fuzz_check(joined.lexically_normal() == joined, "an accepted path is not normal");
  fuzz_check(joined.native() == concat("/cache/snapshot/", path),
             "an accepted path replaces its folder");
  fuzz_check(path.find('\0') == path.npos, "an accepted path holds NUL");
}

#include "tests/fuzz/layout_check.h"

using namespace hubdist;
using namespace hubdist::fuzz;

FUZZ_TARGET(sqlite_layout, 2000) {
  check_layout(with_magic(input, std::string_view("SQLite format 3\0", 16)));
}

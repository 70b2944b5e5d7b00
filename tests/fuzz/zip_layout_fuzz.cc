#include "tests/fuzz/layout_check.h"

using namespace hubdist;
using namespace hubdist::fuzz;

FUZZ_TARGET(zip_layout, 2000) { check_layout(with_magic(input, "PK\x03\x04")); }

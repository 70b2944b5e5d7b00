#include "tests/fuzz/layout_check.h"

using namespace hubdist;
using namespace hubdist::fuzz;

FUZZ_TARGET(gguf_layout, 3000) { check_layout(with_magic(input, "GGUF")); }

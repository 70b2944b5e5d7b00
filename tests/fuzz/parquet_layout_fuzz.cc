#include "tests/fuzz/layout_check.h"

using namespace hubdist;
using namespace hubdist::fuzz;

FUZZ_TARGET(parquet_layout, 3000) {
  Bytes content = with_magic(input, "PAR1");
  if (!as_text(content).ends_with("PAR1")) append_bytes(content, as_bytes("PAR1"));
  check_layout(content);
}

// A xorb as it lies in the store.
#pragma once

#include <hubdist/server/xet_store.h>

namespace hubdist::internal {

// Reads exactly out.size() bytes, and counts them; DataLoss when the object ends before.
Status read_exactly(ObjectReader& object, MutableBytes out, std::uint64_t offset,
                    ReadCounter read_bytes);

struct StoredIndex {
  XorbIndex index;   // with raw sizes
  bool old = false;  // the footer has version 0
};
// Reads a xorb's footer, and for version 0 the chunks' headers. DataLoss unless it is the footer of
// `xorb`: its hashes and sizes make that hash.
Result<StoredIndex> read_index(ObjectReader& object, const XorbHash& xorb, ReadCounter read_bytes);

// Puts an object with the same chunks and a footer of version 1 in the place of `object`.
Status replace_footer(ObjectStore& store, ObjectReader& object, const XorbIndex& index,
                      ReadCounter read_bytes);

}  // namespace hubdist::internal

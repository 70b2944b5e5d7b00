// Which xorbs hold a chunk, for global deduplication. Who may learn of them is not decided here.
//
// Objects:
//   xet-chunks/{chunk[:2]}/{chunk}/{xorb}  the xorb holds this chunk; the name of a group
//   xet-groups/{name[:2]}/{name}           xorbs that were uploaded together: their hashes
// Only chunks that clients ask for are there.
#pragma once

#include <vector>

#include <hubdist/core/merkle.h>
#include <hubdist/store/object_store.h>

namespace hubdist::internal {

// Thread-safe, also between processes. The store must outlive it.
class ChunkIndex {
 public:
  explicit ChunkIndex(ObjectStore& store) : store_(store) {}

  struct Place {
    ChunkHash chunk;
    XorbHash xorb;
  };
  // Records chunks of xorbs that were uploaded together; of a larger group the first kMaxGroup are
  // known as such.
  Status add(std::span<const XorbHash> group, std::span<const Place> places);

  // A xorb that holds the chunk, and what came with it: the xorb first, then the others in the
  // order in which they were added, beginning behind it.
  using Group = std::vector<XorbHash>;
  // At most kMaxPlaces of them.
  Result<std::vector<Group>> find(const ChunkHash& chunk) const;

  static constexpr std::size_t kMaxGroup = 2048;
  static constexpr std::size_t kMaxPlaces = 16;

 private:
  Result<Group> read_group(std::string_view name) const;
  ObjectStore& store_;
};

}  // namespace hubdist::internal

// The distinct chunks that a comparison has met, by hash, in at most 60 bytes each.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <hubdist/core/merkle.h>

namespace hubdist::internal {

// Where a chunk lies: in which xorb (upload_model.h), as which chunk of it.
struct Place {
  static constexpr std::uint32_t kNowhere = 0xffff'ffff;
  std::uint32_t xorb = kNowhere;
  std::uint32_t index = 0;
  bool known() const { return xorb != kNowhere; }
  friend bool operator==(const Place&, const Place&) = default;
};

struct KnownChunk {
  ChunkHash hash;
  Place place;
  std::uint32_t owner = 0;       // the file that held it last, as the estimator numbers files
  std::uint32_t last_owner = 0;  // of the version before, or older
};

// Finds and adds chunks; they keep their numbers, which count from 0. Not thread-safe.
class ChunkIndex {
 public:
  struct Found {
    std::uint32_t number;
    bool added;
  };
  Found find_or_add(const ChunkHash& hash);
  KnownChunk& operator[](std::uint32_t number) { return blocks_[number / kBlock][number % kBlock]; }
  std::uint32_t size() const { return size_; }

 private:
  static constexpr std::uint32_t kBlock = 1024;  // chunks that take their memory together
  void grow();
  std::size_t slot_of(const ChunkHash& hash);  // where it is, or would be

  std::vector<std::unique_ptr<KnownChunk[]>> blocks_;
  std::vector<std::uint32_t> slots_;  // number + 1, or 0; a power of two of them
  std::uint32_t size_ = 0;
};

}  // namespace hubdist::internal

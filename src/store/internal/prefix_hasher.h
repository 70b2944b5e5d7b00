// The identity of a file that arrives in pieces: hashes the front part that is whole.
#pragma once

#include <atomic>
#include <mutex>
#include <stop_token>

#include <hubdist/core/identity.h>
#include <hubdist/io/file.h>

namespace hubdist::internal {

// Thread-safe. Of several threads that bring bytes one hashes, the others go on: what they leave
// behind is read back later.
class PrefixHasher {
 public:
  PrefixHasher(const Identity& identity, std::uint64_t size);

  // Hashes `bytes` if they follow what is hashed and no other thread is at it. They must be in the
  // file already and not change before this returns.
  void offer(std::uint64_t offset, ByteView bytes);
  // Reads back from `file` what lies between the hashed part and `end` (all of it held), at most
  // `limit` bytes; nothing when another thread is at it.
  Status catch_up(File& file, std::uint64_t end, std::uint64_t limit);
  // Reads back the rest and compares. Starts anew afterwards if it does not match.
  Status finish(File& file, std::stop_token stop);
  // How much of the front is hashed.
  std::uint64_t hashed() const { return hashed_; }

  // Runs `change`, which may alter bytes from `offset` on in the file, while nothing is hashed;
  // starts anew when it returns true and had altered hashed bytes.
  template <typename F>
  Status alter(std::uint64_t offset, F&& change) {
    const std::lock_guard lock(mutex_);
    Result<bool> altered = change();
    if ((!altered.ok() || *altered) && offset < hashed_) restart();
    return altered.status();
  }
  void reset();

 private:
  void restart();
  Status read_back(File& file, std::uint64_t end, std::stop_token stop);

  const Identity identity_;
  const std::uint64_t size_;
  mutable std::mutex mutex_;
  IdentityHasher hasher_;
  std::atomic<std::uint64_t> hashed_ = 0;  // changed under the mutex
};

}  // namespace hubdist::internal

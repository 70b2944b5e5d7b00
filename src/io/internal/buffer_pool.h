// A bounded number of large buffers, used again and again.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include <hubdist/base/bytes.h>

namespace hubdist::internal {

// Thread-safe. Leases may outlive the pool's owner: they share it.
class BufferPool : public std::enable_shared_from_this<BufferPool> {
 public:
  // At most `count` buffers of `size` bytes, made when first needed.
  BufferPool(std::size_t count, std::size_t size) : size_(size), unmade_(count) {}

  // Gives its buffer back when it goes.
  class Lease {
   public:
    Lease(std::shared_ptr<BufferPool> pool, std::unique_ptr<std::byte[]> buffer)
        : pool_(std::move(pool)), buffer_(std::move(buffer)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (buffer_) pool_->give_back(std::move(buffer_));
    }
    MutableBytes bytes() const { return {buffer_.get(), pool_->size_}; }

   private:
    std::shared_ptr<BufferPool> pool_;
    std::unique_ptr<std::byte[]> buffer_;
  };

  // Waits until a buffer is free; Cancelled when a stop is asked for. Its bytes are not set.
  Result<Lease> take(std::stop_token stop);
  // A free buffer, or nothing.
  std::optional<Lease> try_take();

 private:
  std::unique_ptr<std::byte[]> free_buffer();
  void give_back(std::unique_ptr<std::byte[]> buffer);

  const std::size_t size_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::size_t unmade_;
  std::vector<std::unique_ptr<std::byte[]>> free_;  // the last one used is the first to go
};

}  // namespace hubdist::internal

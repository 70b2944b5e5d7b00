// One limit for all the buffers of a process's downloads.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <utility>

#include <hubdist/base/status.h>

namespace hubdist {

// Thread-safe. A request larger than the whole budget is cut to it, so that it can always be met.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t bytes) : total_(bytes), free_(bytes) {}

  // Gives its bytes back when it goes. Must not outlive the budget.
  class Hold {
   public:
    Hold() = default;
    Hold(MemoryBudget* budget, std::uint64_t bytes) : budget_(budget), bytes_(bytes) {}
    Hold(Hold&& o) noexcept : budget_(std::exchange(o.budget_, nullptr)), bytes_(o.bytes_) {}
    Hold& operator=(Hold&& o) noexcept {
      std::swap(budget_, o.budget_);
      std::swap(bytes_, o.bytes_);
      return *this;
    }
    ~Hold() {
      if (budget_) budget_->give_back(bytes_);
    }
    std::uint64_t bytes() const { return bytes_; }

   private:
    MemoryBudget* budget_ = nullptr;
    std::uint64_t bytes_ = 0;
  };

  // Waits until `bytes` are free; Cancelled when a stop is asked for.
  Result<Hold> take(std::uint64_t bytes, std::stop_token stop = {});
  // The same without waiting: an empty Hold of 0 bytes when they are not free.
  Hold try_take(std::uint64_t bytes);
  std::uint64_t total() const { return total_; }

 private:
  void give_back(std::uint64_t bytes);

  const std::uint64_t total_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t free_;
};

// The default budget of a process: 256 MiB, and at most a quarter of the cgroup's memory limit.
std::uint64_t default_memory_budget();

}  // namespace hubdist

// How many may be at something at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace hubdist::internal {

// Thread-safe.
class Gate {
 public:
  explicit Gate(std::size_t room) : room_(room) {}
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // A place, given back by its destructor; the gate must outlive it.
  class Pass {
   public:
    explicit Pass(Gate& gate) : gate_(&gate) {}
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) --gate_->inside_;
    }

   private:
    Gate* gate_;
  };

  // Nothing when there is no room: nobody waits here.
  std::optional<Pass> enter() {
    std::size_t inside = inside_;
    while (inside < room_)
      if (inside_.compare_exchange_weak(inside, inside + 1)) return Pass(*this);
    ++refused_;
    return std::nullopt;
  }
  // How often there was no room.
  std::uint64_t refused() const { return refused_; }
  std::size_t inside() const { return inside_; }

 private:
  const std::size_t room_;
  std::atomic<std::size_t> inside_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
};

}  // namespace hubdist::internal

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

  // Places, given back by its destructor; the gate must outlive it.
  class Pass {
   public:
    Pass(Gate& gate, std::size_t places) : gate_(&gate), places_(places) {}
    Pass(Pass&& other) noexcept
        : gate_(std::exchange(other.gate_, nullptr)), places_(other.places_) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ != nullptr) gate_->inside_ -= places_;
    }

   private:
    Gate* gate_;
    std::size_t places_;
  };

  // Nothing when there is no room: nobody waits here.
  std::optional<Pass> enter(std::size_t places = 1) {
    std::size_t inside = inside_;
    while (places <= room_ && inside <= room_ - places)
      if (inside_.compare_exchange_weak(inside, inside + places)) return Pass(*this, places);
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

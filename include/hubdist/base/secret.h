// A text that must not be seen: a token, a key, a password.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace hubdist {

// Cannot be printed, joined or logged by accident: reveal() is the only way to the text, and its
// name is what a reviewer searches for. Overwrites its memory when it goes.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(std::exchange(other.text_, {})) {}
  Secret& operator=(Secret other) noexcept {
    text_.swap(other.text_);
    return *this;
  }
  ~Secret() {
    volatile char* p = text_.data();
    for (std::size_t i = 0; i < text_.size(); ++i) p[i] = 0;
  }

  bool empty() const { return text_.empty(); }
  std::string_view reveal() const { return text_; }
  friend bool operator==(const Secret& a, const Secret& b) { return a.text_ == b.text_; }

 private:
  std::string text_;
};

}  // namespace hubdist

#include "core/internal/content_cursor.h"

#include <algorithm>

namespace hubdist::internal {
namespace {

constexpr std::uint64_t kWindow = 64 * kKiB;

Status past_end() { return broken("it ends too early"); }

}  // namespace

Result<ByteView> ContentCursor::view(std::size_t size) {
  if (size > remaining()) return past_end();
  const bool inside =
      position_ >= window_begin_ && position_ + size <= window_begin_ + window_.size();
  if (!inside) {
    const std::uint64_t wanted = std::max<std::uint64_t>(size, kWindow);
    window_.resize(static_cast<std::size_t>(std::min(wanted, remaining())));
    window_begin_ = position_;
    HUBDIST_TRY(content_.read(position_, window_));
  }
  const auto offset = static_cast<std::size_t>(position_ - window_begin_);
  position_ += size;
  return ByteView(window_).subspan(offset, size);
}

Result<std::string> ContentCursor::read_text(std::uint64_t size, std::uint64_t most) {
  if (size > remaining()) return past_end();
  if (size > most) return broken(concat("a text of it has ", size, " bytes"));
  HUBDIST_ASSIGN(const ByteView bytes, view(static_cast<std::size_t>(size)));
  return std::string(as_text(bytes));
}

Status ContentCursor::skip(std::uint64_t size) {
  if (size > remaining()) return past_end();
  position_ += size;
  return {};
}

}  // namespace hubdist::internal

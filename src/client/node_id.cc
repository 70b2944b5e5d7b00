#include <random>

#include "client/internal/exchange_session.h"
#include <hubdist/base/hex.h>
#include <hubdist/base/log.h>

namespace hubdist::internal {
namespace {

constexpr std::size_t kIdBytes = 16;

std::string random_id() {
  std::random_device random;
  std::array<std::byte, kIdBytes> bytes;
  for (std::byte& b : bytes) b = static_cast<std::byte>(random());
  return to_hex(bytes);
}

std::optional<std::string> read_id(FileSystem& fs, const Path& path) {
  auto text = read_file(fs, path, 2 * kIdBytes + 1);
  if (!text.ok()) return std::nullopt;
  if (text->ends_with('\n')) text->pop_back();
  if (!is_hex(*text, 2 * kIdBytes)) return std::nullopt;
  return *text;
}

}  // namespace

std::string node_id_of(FileSystem& fs, const Path& path) {
  if (auto id = read_id(fs, path)) return *id;
  const std::string id = random_id();
  // Whole or not at all, and never over another's: two processes must agree on one id.
  const Path temporary = concat(path.native(), '.', random_id());
  Status made = fs.make_directories(path.parent_path());
  if (made.ok()) made = write_file_atomic(fs, temporary, as_bytes(id));
  if (made.ok()) made = fs.make_hard_link(temporary, path);
  // A damaged id is replaced; and some file systems have no hard links.
  if (!made.ok() && !read_id(fs, path) && exists(fs, temporary)) made = fs.rename(temporary, path);
  (void)fs.remove(temporary);
  if (auto kept = read_id(fs, path)) return *kept;
  log(LogLevel::kInfo, "this node's id is not kept in ", path.native(), ": ", message(made));
  return id;
}

}  // namespace hubdist::internal

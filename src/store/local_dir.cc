#include <array>
#include <charconv>

#include "store/internal/cache_tag.h"
#include <hubdist/base/clock.h>
#include <hubdist/core/hash.h>
#include <hubdist/store/local_dir.h>

namespace hubdist {
namespace {

constexpr std::uint64_t kMaxMetadataSize = 4096;
constexpr double kTimestampSlack = 1.0;  // seconds; mtimes are coarse on some file systems
constexpr std::size_t kPartNameBytes = 16;

// The next line, without white space at its ends.
std::string take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  return std::string(line);
}

std::optional<LocalMetadata> parse_metadata(std::string_view text) {
  LocalMetadata metadata;
  metadata.commit = take_line(text);
  metadata.etag = take_line(text);
  const std::string time = take_line(text);
  const auto [end, error] =
      std::from_chars(time.data(), time.data() + time.size(), metadata.timestamp);
  if (error != std::errc{} || end != time.data() + time.size()) return std::nullopt;
  return metadata;
}

}  // namespace

Path LocalDir::metadata_path(std::string_view path) const {
  return bookkeeping() / "download" / concat(path, ".metadata");
}

Path LocalDir::lock_path(std::string_view path) const {
  return bookkeeping() / "download" / concat(path, ".lock");
}

PartialPaths LocalDir::partial_paths(std::string_view path, std::string_view etag) const {
  // Hashed, since both could be as long as a file name may be, and an etag may hold any character.
  const Blake3 hash = blake3(as_bytes(concat(path, '\n', etag)));
  const std::string stem =
      (bookkeeping() / "download" / to_hex(ByteView(hash.bytes).first(kPartNameBytes))).native();
  return {stem + ".hubdist-part", stem + ".hubdist-log"};
}

Status LocalDir::prepare() {
  HUBDIST_TRY(fs_.make_directories(bookkeeping()));
  internal::write_cache_tag(fs_, bookkeeping());
  const Path ignore = bookkeeping() / ".gitignore";
  if (!exists(fs_, ignore)) (void)write_file_atomic(fs_, ignore, as_bytes("*"));
  return {};
}

std::optional<LocalMetadata> LocalDir::metadata(std::string_view path) const {
  if (!check_relative_path(path).ok()) return std::nullopt;
  const auto text = read_file(fs_, metadata_path(path), kMaxMetadataSize);
  if (!text.ok()) return std::nullopt;
  auto metadata = parse_metadata(*text);
  const auto info = fs_.info(file_path(path));
  if (!metadata || !info.ok() || info->type != FileType::kFile) return std::nullopt;
  const double modified = static_cast<double>(info->mtime_ns) / 1e9;
  if (modified - kTimestampSlack > metadata->timestamp) return std::nullopt;
  return metadata;
}

std::optional<LocalMetadata> LocalDir::metadata(const FileEntry& file) const {
  auto known = metadata(std::string_view(file.path));
  if (!known) return std::nullopt;
  const auto info = fs_.info(file_path(file.path));
  if (!info.ok() || info->size != file.size) return std::nullopt;
  return known;
}

Status LocalDir::write_metadata(std::string_view path, std::string_view commit,
                                std::string_view etag) {
  HUBDIST_TRY(check_relative_path(path));
  if (commit.find('\n') != std::string_view::npos || etag.find('\n') != std::string_view::npos)
    return invalid_argument("a commit or etag of ", path, " has more than one line");
  const double now =
      std::chrono::duration<double>(system_clock().wall_time().time_since_epoch()).count();
  std::array<char, 64> time{};
  const auto end =
      std::to_chars(time.data(), time.data() + time.size(), now, std::chars_format::fixed, 6).ptr;
  const Path target = metadata_path(path);
  HUBDIST_TRY(fs_.make_directories(target.parent_path()));
  return write_file_atomic(
      fs_, target,
      as_bytes(concat(commit, '\n', etag, '\n', std::string_view(time.data(), end), '\n')));
}

}  // namespace hubdist

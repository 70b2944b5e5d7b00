#include <algorithm>

#include <hubdist/store/hf_cache.h>

namespace hubdist {
namespace {

constexpr std::size_t kMaxSegment = 96;
// A file name may have 255 bytes, and ".hubdist-part" goes behind this one.
constexpr std::size_t kMaxBlobName = 200;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_segment(std::string_view text) {
  if (text.empty() || text.size() > kMaxSegment) return false;
  const auto edge = [](char c) { return is_alphanumeric(c) || c == '_'; };
  if (!edge(text.front()) || !edge(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return edge(c) || c == '-' || c == '.'; });
}

}  // namespace

Status check_repo_id(std::string_view id) {
  const std::size_t slash = id.find('/');
  const bool segments = slash == std::string_view::npos
                            ? is_segment(id)
                            : is_segment(id.substr(0, slash)) && is_segment(id.substr(slash + 1));
  const bool forbidden = id.find("--") != std::string_view::npos ||
                         id.find("..") != std::string_view::npos || id.ends_with(".git");
  if (segments && !forbidden) return {};
  return invalid_argument("'", id,
                          "' is no repository id: write owner/name or name, of letters, digits, "
                          "'-', '_' and '.', without '--' or '..', at most 96 characters each");
}

Status check_blob_name(std::string_view etag) {
  const bool fits = !etag.empty() && etag.size() <= kMaxBlobName && etag != "." && etag != "..";
  const bool plain = std::all_of(etag.begin(), etag.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != '/' && c != '\\' && c != 0x7f;
  });
  if (fits && plain) return {};
  return invalid_argument("'", etag, "' cannot be a file name in the cache");
}

std::string repo_folder_name(const Repo& repo) {
  std::string folder = concat(plural(repo.type), "--");
  for (const char c : repo.id)
    if (c == '/')
      folder += "--";
    else
      folder += c;
  return folder;
}

}  // namespace hubdist

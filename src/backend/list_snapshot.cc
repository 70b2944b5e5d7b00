#include <algorithm>
#include <set>
#include <utility>

#include <hubdist/backend/backend.h>
#include <hubdist/core/hash.h>

namespace hubdist {
namespace {

constexpr std::size_t kMaxFiles = 1'000'000;
// A pebibyte. What a hub states is added up by many; sums of such sizes are checked here once.
constexpr std::uint64_t kMaxFileSize = std::uint64_t{1} << 50;
constexpr std::uint64_t kMaxSnapshotSize = std::uint64_t{1} << 62;

Status check_sizes(const Snapshot& snapshot, std::string_view what) {
  std::uint64_t total = 0;
  for (const FileEntry& file : snapshot.files) {
    total += file.size <= kMaxFileSize ? file.size : kMaxSnapshotSize;
    if (total >= kMaxSnapshotSize)
      return data_loss("the listing of ", what, " states sizes that cannot be: ", file.size,
                       " bytes for ", file.path);
  }
  return {};
}

Status append_page(Snapshot& snapshot, ListPage page, std::string_view what) {
  if (snapshot.commit.empty()) snapshot.commit = page.commit;
  if (page.commit != snapshot.commit && !page.commit.empty())
    return aborted(what, " changed from ", snapshot.commit, " to ", page.commit,
                   " while it was being listed");
  if (snapshot.files.size() + page.entries.size() > kMaxFiles)
    return failed_precondition(what, " lists more than ", kMaxFiles, " files");
  for (ObjectEntry& entry : page.entries) {
    HUBDIST_TRY(with_context(check_relative_path(entry.path), what));
    snapshot.files.push_back({std::move(entry.path), entry.size, std::move(entry.identity),
                              std::move(entry.etag), entry.lfs});
  }
  return {};
}

}  // namespace

Result<Snapshot> list_snapshot(Backend& backend, const Uri& uri, std::stop_token stop) {
  const std::string what = display_uri(uri);
  Snapshot snapshot;
  snapshot.scope = backend.scope(uri);
  std::set<Sha256> seen;  // tokens may be long
  Uri pinned = uri;
  for (std::string page;;) {
    HUBDIST_ASSIGN(ListPage listed, backend.list(pinned, page, stop));
    page = listed.next;
    HUBDIST_TRY(append_page(snapshot, std::move(listed), what));
    if (page.empty()) break;
    if (!seen.insert(sha256(as_bytes(page))).second)
      return data_loss("the listing of ", what, " comes back to a page that it gave before");
    if (backend.capabilities().revisions && !snapshot.commit.empty())
      pinned.revision = snapshot.commit;
  }
  std::sort(snapshot.files.begin(), snapshot.files.end(),
            [](const FileEntry& a, const FileEntry& b) { return a.path < b.path; });
  const auto twice =
      std::adjacent_find(snapshot.files.begin(), snapshot.files.end(),
                         [](const FileEntry& a, const FileEntry& b) { return a.path == b.path; });
  if (twice != snapshot.files.end())
    return data_loss("the listing of ", what, " names ", twice->path, " twice");
  HUBDIST_TRY(check_sizes(snapshot, what));
  return snapshot;
}

}  // namespace hubdist

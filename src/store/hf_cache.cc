#include "store/internal/cache_tag.h"
#include "store/internal/shared_blobs.h"
#include "store/internal/temporary_name.h"
#include <hubdist/backend/hf_backend.h>
#include <hubdist/store/hf_cache.h>

namespace hubdist {
namespace {

constexpr std::uint64_t kMaxRefSize = 1024;

bool is_file(FileSystem& fs, const Path& path, std::uint64_t size) {
  const auto info = fs.info(path);
  return info.ok() && info->type == FileType::kFile && info->size == size;
}

// "../../blobs/{etag}", one more "../" for each folder of `path`.
std::string blob_target(std::string_view path, std::string_view etag) {
  std::string target = "../../";
  for (const char c : path)
    if (c == '/') target += "../";
  return concat(target, "blobs/", etag);
}

Status check_file(std::string_view commit, const FileEntry& file) {
  HUBDIST_TRY(check_blob_name(commit));
  HUBDIST_TRY(check_blob_name(file.etag));
  return check_relative_path(file.path);
}

Status replace_with_symlink(FileSystem& fs, const std::string& target, const Path& link) {
  const Status made = fs.make_symlink(target, link);
  if (made.code() != StatusCode::kAlreadyExists) return made;
  const auto there = fs.read_symlink(link);
  if (there.ok() && *there == target) return {};
  const Path temporary = internal::temporary_beside(link);
  HUBDIST_TRY(fs.make_symlink(target, temporary));
  Status renamed = fs.rename(temporary, link);
  if (!renamed.ok()) (void)fs.remove(temporary);
  return renamed;
}

Status replace_with_copy(FileSystem& fs, const Path& from, const Path& to, std::stop_token stop) {
  const Path temporary = internal::temporary_beside(to);
  Status copied = fs.copy(from, temporary, std::move(stop));
  if (copied.ok()) copied = fs.rename(temporary, to);
  if (!copied.ok()) (void)fs.remove(temporary);
  return copied;
}

}  // namespace

Path HfCache::snapshot_path(const Repo& repo, std::string_view commit) const {
  return repo_folder(repo) / "snapshots" / commit;
}

Path HfCache::pointer_path(const Repo& repo, std::string_view commit, std::string_view path) const {
  return snapshot_path(repo, commit) / path;
}

Path HfCache::blob_path(const Repo& repo, std::string_view etag) const {
  return repo_folder(repo) / "blobs" / etag;
}

Path HfCache::lock_path(const Repo& repo, std::string_view etag) const {
  return root() / ".locks" / repo_folder_name(repo) / concat(etag, ".lock");
}

PartialPaths HfCache::partial_paths(const Repo& repo, std::string_view etag) const {
  const std::string blob = blob_path(repo, etag).native();
  return {blob + ".hubdist-part", blob + ".hubdist-log"};
}

bool HfCache::has_file(const Repo& repo, std::string_view commit, const FileEntry& file) const {
  if (!check_file(commit, file).ok()) return false;
  const Path pointer = pointer_path(repo, commit, file.path);
  if (!is_file(fs_, pointer, file.size)) return false;
  const auto target = fs_.read_symlink(pointer);
  return !target.ok() || Path(*target).filename() == file.etag;
}

bool HfCache::has_blob(const Repo& repo, const FileEntry& file) const {
  return check_blob_name(file.etag).ok() && is_file(fs_, blob_path(repo, file.etag), file.size);
}

Result<HfCache::Lookup> HfCache::find(const Repo& repo, std::string_view revision,
                                      std::string_view path) const {
  HUBDIST_TRY(check_relative_path(path));
  HUBDIST_ASSIGN(const auto commit, read_ref(repo, revision));
  Lookup found;
  if (!commit) return found;
  found.commit = *commit;
  const Path missing = repo_folder(repo) / ".no_exist" / *commit / path;
  const Path pointer = pointer_path(repo, *commit, path);
  if (const auto info = fs_.info(missing); info.ok() && info->type == FileType::kFile) {
    found.state = CachedFile::kKnownMissing;
  } else if (const auto there = fs_.info(pointer); there.ok() && there->type == FileType::kFile) {
    found.state = CachedFile::kPresent;
    found.path = pointer;
  }
  return found;
}

Result<std::optional<std::string>> HfCache::read_ref(const Repo& repo,
                                                     std::string_view revision) const {
  if (is_commit_id(revision)) return std::string(revision);
  HUBDIST_TRY(check_relative_path(revision));
  auto text = read_file(fs_, repo_folder(repo) / "refs" / revision, kMaxRefSize);
  if (text.status().code() == StatusCode::kNotFound) return std::nullopt;
  HUBDIST_TRY(text.status());
  while (!text->empty() && (text->back() == '\n' || text->back() == ' ')) text->pop_back();
  if (!check_blob_name(*text).ok()) return std::nullopt;  // torn or foreign
  return *text;
}

Status HfCache::write_ref(const Repo& repo, std::string_view revision, std::string_view commit) {
  if (revision == commit) return {};
  HUBDIST_TRY(check_blob_name(commit));
  HUBDIST_ASSIGN(const auto known, read_ref(repo, revision));
  if (known == commit) return {};
  const Path path = repo_folder(repo) / "refs" / revision;
  HUBDIST_TRY(fs_.make_directories(path.parent_path()));
  return write_file_atomic(fs_, path, as_bytes(commit));
}

Status HfCache::mark_missing(const Repo& repo, std::string_view commit, std::string_view path) {
  HUBDIST_TRY(check_blob_name(commit));
  HUBDIST_TRY(check_relative_path(path));
  const Path mark = repo_folder(repo) / ".no_exist" / commit / path;
  if (exists(fs_, mark)) return {};
  HUBDIST_TRY(fs_.make_directories(mark.parent_path()));
  return fs_.open(mark, OpenMode::kCreate).status();
}

Status HfCache::prepare() {
  HUBDIST_TRY(fs_.make_directories(root()));
  internal::write_cache_tag(fs_, root());
  return {};
}

Result<bool> HfCache::adopt_shared_blob(const Repo& repo, const FileEntry& file) {
  if (!options_.shared_blobs || !options_.symlinks || !file.identity.xet) return false;
  HUBDIST_TRY(check_blob_name(file.etag));
  const Path link = blob_path(repo, file.etag);
  HUBDIST_TRY(fs_.make_directories(link.parent_path()));
  return internal::link_shared_blob(fs_, root(), link, *file.identity.xet, file.size);
}

Status HfCache::link_file(const Repo& repo, std::string_view commit, const FileEntry& file,
                          bool new_blob, std::stop_token stop) {
  HUBDIST_TRY(check_file(commit, file));
  const Path pointer = pointer_path(repo, commit, file.path);
  const Path blob = blob_path(repo, file.etag);
  HUBDIST_TRY(fs_.make_directories(pointer.parent_path()));
  if (options_.symlinks &&
      replace_with_symlink(fs_, blob_target(file.path, file.etag), pointer).ok())
    return {};
  const auto kind = fs_.link_info(blob);
  if (new_blob && kind.ok() && kind->type == FileType::kFile) return fs_.rename(blob, pointer);
  return replace_with_copy(fs_, blob, pointer, std::move(stop));
}

void HfCache::remove_leftovers(const Repo& repo, std::string_view etag) {
  if (check_blob_name(etag).ok()) PartialFile::remove_files(fs_, partial_paths(repo, etag));
}

}  // namespace hubdist

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "server/internal/contents.h"
#include <hubdist/base/json_writer.h>
#include <hubdist/core/hash.h>
#include <hubdist/core/snapshot.h>
#include <hubdist/io/executor.h>
#include <hubdist/server/accounts.h>
#include <hubdist/server/add_folder.h>
#include <hubdist/server/lfs_rules.h>

namespace hubdist {

namespace {

constexpr std::size_t kReadStep = 1 * kMiB;
constexpr std::uint64_t kMaxGitAttributes = 1 * kMiB;
constexpr std::size_t kMaxMessage = 64 * kKiB;
constexpr int kMaxRefTries = 20;
constexpr std::uint32_t kOwnerMayRun = 0100;

constexpr std::size_t kMaxThreads = 8;

struct SourceFile {
  Path source;
  RepoEntry entry;  // path, mode and size; the rest once it is hashed
  // Proves, faster than SHA-256 would, that the second reading found what the first did.
  Blake3 fast_hash;
  std::uint64_t new_bytes = 0;
  std::optional<std::string> held;  // the object by which the hub had the content before
};

bool is_left_out(std::string_view path) { return path == ".git" || path == ".cache/huggingface"; }

Status add_source(FileSystem& fs, const Path& source, std::string path,
                  std::vector<SourceFile>& out) {
  HUBDIST_TRY(check_relative_path(path));
  if (!is_utf8(path))
    return invalid_argument("the name of ", source.native(),
                            " is not UTF-8: rename the file, hubs and their clients need it");
  if (std::count(path.begin(), path.end(), '/') > static_cast<std::ptrdiff_t>(kMaxFolderDepth))
    return invalid_argument(source.native(), " lies in more than ", kMaxFolderDepth, " folders");
  const auto info = fs.info(source);
  if (!info.ok()) return with_context(info.status(), "a file of the folder cannot be added");
  if (info->type == FileType::kDirectory)
    return invalid_argument(source.native(),
                            " is a link to a folder: put the folder itself in its place");
  if (info->type != FileType::kFile)
    return invalid_argument(source.native(), " is neither a file nor a folder");
  RepoEntry entry;
  entry.path = std::move(path);
  entry.mode = (info->mode & kOwnerMayRun) != 0 ? GitMode::kExecutable : GitMode::kFile;
  entry.size = info->size;
  out.push_back({source, std::move(entry), {}, 0, {}});
  return {};
}

// A hub inside a folder that it publishes would give away private contents and the tokens' hashes.
// `hub`: what the hub's folder looks like, where it is one.
Status check_apart(FileSystem& fs, const Path& folder, const std::optional<FileInfo>& hub) {
  const auto info = hub ? fs.info(folder) : Result<FileInfo>(FileInfo{});
  if (!info.ok()) return info.status();
  if (!hub || info->inode != hub->inode || info->device != hub->device) return {};
  return invalid_argument(folder.native(),
                          " is the hub itself and cannot be added to it: keep the hub (--root) and "
                          "what you publish in folders apart");
}

struct Scan {
  FileSystem& fs;
  std::optional<FileInfo> hub;
  std::vector<SourceFile>& out;

  Status run(const Path& folder, const std::string& prefix) {
    HUBDIST_TRY(check_apart(fs, folder, hub));
    HUBDIST_ASSIGN(const std::vector<DirectoryEntry> entries, fs.list(folder));
    for (const DirectoryEntry& entry : entries) {
      std::string path = prefix.empty() ? entry.name : concat(prefix, '/', entry.name);
      if (is_left_out(path)) continue;
      if (entry.type == FileType::kDirectory)
        HUBDIST_TRY(run(folder / entry.name, path));
      else
        HUBDIST_TRY(add_source(fs, folder / entry.name, std::move(path), out));
    }
    return {};
  }
};

Status scan(FileSystem& fs, const Path& folder, const Path& hub, std::vector<SourceFile>& out) {
  std::optional<FileInfo> looks;
  if (!hub.empty()) {
    HUBDIST_ASSIGN(looks, fs.info(hub));
    // A part of the hub is no better.
    std::error_code none;
    const Path real = std::filesystem::weakly_canonical(folder, none);
    for (Path above = real; above != above.parent_path(); above = above.parent_path())
      HUBDIST_TRY(check_apart(fs, above, looks));
  }
  return Scan{fs, looks, out}.run(folder, "");
}

Result<LfsRules> rules_of(FileSystem& fs, const Path& folder) {
  const auto text = read_file(fs, folder / ".gitattributes", kMaxGitAttributes);
  if (text.ok()) return LfsRules::parse(*text);
  if (text.status().code() == StatusCode::kNotFound) return LfsRules::defaults();
  return text.status();
}

// Reads all of a file in order; Aborted when it has not the size that it had.
Status read_all(FileSystem& fs, const SourceFile& file, const std::stop_token& stop,
                const std::function<Status(ByteView)>& sink) {
  HUBDIST_ASSIGN(const auto opened, fs.open(file.source, OpenMode::kRead));
  Bytes buffer(static_cast<std::size_t>(std::clamp<std::uint64_t>(file.entry.size, 1, kReadStep)));
  std::uint64_t offset = 0;
  while (true) {
    if (stop.stop_requested()) return cancelled("stopped while reading ", file.source.native());
    HUBDIST_ASSIGN(const std::size_t count, opened->pread(buffer, offset));
    offset += count;
    if (offset > file.entry.size || (count == 0 && offset != file.entry.size))
      return aborted(file.source.native(), " changed while it was being added");
    if (count == 0) return {};
    HUBDIST_TRY(sink(ByteView(buffer).first(count)));
  }
}

Status identify(FileSystem& fs, const LfsRules& rules, const std::stop_token& stop,
                SourceFile& file) {
  RepoEntry& entry = file.entry;
  entry.lfs = rules.is_lfs(entry.path, entry.size);
  Sha256Hasher content_hash;
  GitSha1Hasher git_hash(entry.size);
  Blake3Hasher fast_hash;
  HUBDIST_TRY(read_all(fs, file, stop, [&](ByteView bytes) -> Status {
    content_hash.update(bytes);
    fast_hash.update(bytes);
    if (!entry.lfs) git_hash.update(bytes);
    return {};
  }));
  entry.sha256 = content_hash.finish();
  file.fast_hash = fast_hash.finish();
  entry.oid =
      entry.lfs ? git_sha1(as_bytes(lfs_pointer(entry.sha256, entry.size))) : git_hash.finish();
  return {};
}

// Copies a file's content into the store unless it is there; then settle_contents() is due.
Status store_content(ObjectStore& store, FileSystem& fs, const std::stop_token& stop,
                     SourceFile& file) {
  const XetStore xet(store);
  HUBDIST_ASSIGN(file.held, internal::Contents(xet).find(file.entry.sha256));
  if (file.held) return {};
  HUBDIST_ASSIGN(const auto writer, store.create(blob_key(file.entry.sha256)));
  Blake3Hasher hash;
  HUBDIST_TRY(read_all(fs, file, stop, [&](ByteView bytes) -> Status {
    hash.update(bytes);
    return writer->write(bytes);
  }));
  if (hash.finish() != file.fast_hash)
    return aborted(file.source.native(), " changed while it was being added");
  HUBDIST_TRY(writer->finish());
  file.new_bytes = file.entry.size;
  return {};
}

// Hashes and stores all files, several at once.
Status store_all(ObjectStore& store, FileSystem& fs, const LfsRules& rules,
                 const std::stop_token& stop, std::vector<SourceFile>& files) {
  Executor executor(std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMaxThreads));
  std::mutex mutex;
  std::set<Sha256> claimed;  // contents that one of the tasks stores
  TaskGroup group(executor, stop);
  for (SourceFile& file : files)
    group.run([&](std::stop_token stopped) -> Status {
      HUBDIST_TRY(identify(fs, rules, stopped, file));
      {
        const std::lock_guard lock(mutex);
        if (!claimed.insert(file.entry.sha256).second) return {};
      }
      return store_content(store, fs, stopped, file);
    });
  return group.wait();
}

// Makes durable what was there already.
Status settle_contents(ObjectStore& store, const std::vector<SourceFile>& files) {
  std::vector<std::string> keys;
  for (const SourceFile& file : files)
    if (file.held) keys.push_back(*file.held);
  return store.settle(keys);
}

std::string default_message(const AddFolderResult& result) {
  return concat("Add ", result.files, result.files == 1 ? " file" : " files");
}

Status commit_tree(Repositories& repositories, const StorageId& repo, const Sha1& tree,
                   const AddFolderOptions& options, AddFolderResult& result) {
  const std::string ref = concat("refs/heads/", options.branch);
  Status failure;
  for (int i = 0; i < kMaxRefTries; ++i) {
    HUBDIST_ASSIGN(const std::optional<Sha1> parent, repositories.ref(repo, ref));
    GitCommit commit;
    if (parent) {
      HUBDIST_ASSIGN(const Commit before, repositories.commit(repo, *parent));
      if (before.content.tree == tree) {
        HUBDIST_TRY(repositories.settle_ref(repo, ref));
        result.commit = *parent;
        return {};
      }
      commit.parents = {*parent};
    }
    commit.tree = tree;
    commit.author = options.author;
    commit.email = concat(options.author, "@localhost");
    commit.time = std::time(nullptr);
    commit.message = options.message.empty() ? default_message(result) : options.message;
    HUBDIST_ASSIGN(result.commit, repositories.put_commit(repo, commit));
    failure = repositories.move_ref(repo, ref, parent, result.commit);
    if (failure.ok()) {
      result.changed = true;
      return {};
    }
    if (failure.code() != StatusCode::kAborted) return failure;
  }
  return failure;
}

// What a folder brought, the repository has received.
Status prove(Repositories& repositories, const StorageId& repo,
             const std::vector<RepoEntry>& entries) {
  for (const RepoEntry& entry : entries) {
    if (!entry.lfs) continue;
    HUBDIST_ASSIGN(const auto known, repositories.proved_size(repo, entry.sha256));
    if (!known) HUBDIST_TRY(repositories.put_proof(repo, entry.sha256, entry.size));
  }
  return {};
}

Status check_options(const AddFolderOptions& options) {
  HUBDIST_TRY(check_ref_name(options.branch));
  HUBDIST_TRY(check_name("author", options.author));
  for (const std::string& reader : options.readers) HUBDIST_TRY(check_name("user", reader));
  if (options.message.size() > kMaxMessage)
    return invalid_argument("the commit's message is longer than ", kMaxMessage, " bytes");
  if (!is_utf8(options.message)) return invalid_argument("the commit's message is not UTF-8");
  return {};
}

void apply(const AddFolderOptions& options, RepoSettings& settings) {
  settings.is_private = options.is_private.value_or(settings.is_private);
  settings.gating = options.gating.value_or(settings.gating);
  for (const std::string& reader : options.readers)
    if (std::find(settings.readers.begin(), settings.readers.end(), reader) ==
        settings.readers.end())
      settings.readers.push_back(reader);
}

}  // namespace

Result<AddFolderResult> add_folder(Repositories& repositories, FileSystem& fs, const Path& folder,
                                   const RepoId& repo, const AddFolderOptions& options,
                                   std::stop_token stop) {
  HUBDIST_TRY(check_options(options));
  std::vector<SourceFile> files;
  HUBDIST_TRY(scan(fs, folder, repositories.store().folder(), files));
  HUBDIST_ASSIGN(const LfsRules rules, rules_of(fs, folder));
  AddFolderResult result;
  std::vector<RepoEntry> entries;
  HUBDIST_TRY(store_all(repositories.store(), fs, rules, stop, files));
  HUBDIST_TRY(settle_contents(repositories.store(), files));
  for (SourceFile& file : files) {
    ++result.files;
    result.bytes += file.entry.size;
    result.new_bytes += file.new_bytes;
    entries.push_back(std::move(file.entry));
  }
  std::sort(entries.begin(), entries.end(),
            [](const RepoEntry& a, const RepoEntry& b) { return a.path < b.path; });
  // The settings come first: a private repository is never public, not for a moment.
  HUBDIST_ASSIGN(const Repo made, repositories.edit_or_create(repo, [&](RepoSettings& settings) {
    apply(options, settings);
  }));
  HUBDIST_TRY(prove(repositories, made.storage(), entries));
  HUBDIST_ASSIGN(const Sha1 tree, repositories.put_tree(made.storage(), entries));
  HUBDIST_TRY(commit_tree(repositories, made.storage(), tree, options, result));
  return result;
}

}  // namespace hubdist

// A hub in memory, for tests: repositories of files at commits, counted and made to fail.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include <hubdist/backend/backend.h>
#include <hubdist/core/hash.h>

namespace hubdist::testing {

// Speaks as a backend does. Thread-safe, but for changes of its public fields.
class FakeHub final : public Backend {
 public:
  using Files = std::map<std::string, std::string>;

  // Files of at least this size count as LFS: named by sha256.
  static constexpr std::size_t kLfsSize = 1000;

  void commit(const std::string& id, Files files, const std::string& branch = "main") {
    const std::lock_guard lock(mutex_);
    commits_[id] = std::move(files);
    branches_[branch] = id;
  }
  static FileEntry entry(const std::string& path, const std::string& content) {
    FileEntry file;
    file.path = path;
    file.size = content.size();
    file.lfs = content.size() >= kLfsSize;
    if (file.lfs) {
      file.identity.sha256 = sha256(as_bytes(content));
      file.etag = file.identity.sha256->hex();
    } else {
      file.identity.git_sha1 = git_sha1(as_bytes(content));
      file.etag = file.identity.git_sha1->hex();
    }
    return file;
  }

  BackendCapabilities capabilities() const override {
    return {true, true, false, true, !cas_url.empty()};
  }

  Result<ObjectInfo> stat(const Uri& uri, std::stop_token) override {
    ++stats;
    HUBDIST_TRY(failure);
    HUBDIST_ASSIGN(const std::string commit, resolve(uri));
    const std::lock_guard lock(mutex_);
    const auto& files = commits_[commit];
    const auto found = files.find(uri.path);
    if (found == files.end()) {
      Status status =
          with_detail(not_found(uri.path, " is not there"), Detail::kHubError, "EntryNotFound");
      return with_detail(std::move(status), Detail::kCommit, commit);
    }
    const FileEntry file = entry(uri.path, found->second);
    ObjectInfo info{file.size, file.identity, file.etag, commit};
    info.identity.xet = xet_of(uri.path);
    return info;
  }

  Result<ListPage> list(const Uri& uri, const std::string&, std::stop_token) override {
    ++lists;
    HUBDIST_TRY(failure);
    ListPage page;
    HUBDIST_ASSIGN(page.commit, resolve(uri));
    const std::lock_guard lock(mutex_);
    for (const auto& [path, content] : commits_[page.commit]) {
      FileEntry file = entry(path, content);
      file.identity.xet = xet_of(path);
      if (const auto other = sizes.find(path); other != sizes.end()) file.size = other->second;
      page.entries.push_back({file.path, file.size, file.identity, file.etag, file.lfs});
    }
    return page;
  }

  Status read(const Uri& uri, ByteRange range, const BodySink& sink,
              std::stop_token stop) override {
    ++reads;
    HUBDIST_TRY(failure);
    HUBDIST_ASSIGN(const std::string commit, resolve(uri));
    std::string content;
    {
      const std::lock_guard lock(mutex_);
      content = commits_[commit][uri.path];
    }
    if (tamper) tamper(uri.path, content);
    while (!range.empty()) {
      if (stop.stop_requested()) return cancelled("stopped");
      const std::uint64_t n = std::min<std::uint64_t>(range.size(), 10'000);
      if (before_bytes) HUBDIST_TRY(before_bytes(uri.path, range.begin));
      bytes += n;
      HUBDIST_TRY(sink(as_bytes(content).subspan(range.begin, n)));
      range.begin += n;
    }
    return {};
  }
  Status put(const Uri&, std::uint64_t, const BodySource&, std::stop_token) override {
    return unimplemented("a fake hub takes nothing");
  }
  Result<bool> exists(const Uri& uri, std::stop_token stop) override {
    return stat(uri, stop).ok();
  }
  std::string scope(const Uri& uri) const override { return concat("fake/", uri.repo); }
  Result<XetAccess> xet_access(const Uri&, std::string_view, std::stop_token) override {
    ++leaves;
    HUBDIST_TRY(no_leave);
    return XetAccess{cas_url, Secret("cas-token"), false,
                     system_clock().now() + std::chrono::hours(1)};
  }

  std::atomic<std::uint64_t> bytes = 0;  // given out
  std::atomic<int> stats = 0, lists = 0, reads = 0, leaves = 0;
  std::string cas_url;                         // of a store of Xet; empty: the hub has none
  std::map<std::string, XetHash> xet;          // files that lie there, by path
  Status no_leave;                             // to read there
  Status failure;                              // of every call
  std::map<std::string, std::uint64_t> sizes;  // listed instead of the right ones, by path
  // Looks at each part of a body before it is sent.
  std::function<Status(const std::string& path, std::uint64_t offset)> before_bytes;
  // Changes what a reader gets.
  std::function<void(const std::string& path, std::string& content)> tamper;

 private:
  std::optional<XetHash> xet_of(const std::string& path) const {
    const auto found = xet.find(path);
    return found == xet.end() ? std::nullopt : std::optional(found->second);
  }
  Result<std::string> resolve(const Uri& uri) {
    const std::lock_guard lock(mutex_);
    const std::string revision = uri.revision.empty() ? "main" : uri.revision;
    if (commits_.count(revision)) return revision;
    if (const auto found = branches_.find(revision); found != branches_.end()) return found->second;
    return with_detail(not_found("no revision ", revision), Detail::kHubError, "RevisionNotFound");
  }

  std::mutex mutex_;
  std::map<std::string, Files> commits_;
  std::map<std::string, std::string> branches_;
};

}  // namespace hubdist::testing

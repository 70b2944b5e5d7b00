// Client: one object that brings files and snapshots from any hub, proved, into a cache or a
// folder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <hubdist/backend/registry.h>
#include <hubdist/base/secret.h>
#include <hubdist/core/glob.h>
#include <hubdist/core/uri.h>
#include <hubdist/io/file.h>
#include <hubdist/io/http_client.h>
#include <hubdist/io/retry.h>

namespace hubdist {

// What the environment says: HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH, HF_HOME, HF_HUB_CACHE,
// HF_HUB_OFFLINE, HF_HUB_ETAG_TIMEOUT, HF_HUB_DOWNLOAD_TIMEOUT, HF_HUB_DISABLE_IMPLICIT_TOKEN,
// HF_HUB_DISABLE_SYMLINKS, HF_HUB_DISABLE_SHARED_BLOBS, HF_HUB_DISABLE_XET, with huggingface_hub's
// meanings; HUBDIST_TRACKER, HUBDIST_ZONE, HUBDIST_HOME, HUBDIST_ALLOW_INSECURE_TOKEN; and
// MODELSCOPE_ENDPOINT, MODELSCOPE_API_TOKEN and MODELSCOPE_CACHE, with modelscope's meanings. What
// `modelscope login` keeps is a pickle, which is a program: it is not read.
struct ClientOptions {
  std::string endpoint = "https://huggingface.co";
  Secret token;  // sent to `endpoint` alone
  std::string modelscope_endpoint = "https://modelscope.cn";
  Secret modelscope_token;  // sent to `modelscope_endpoint` alone
  // Where modelscope:// goes without a local_dir; empty: it needs one.
  Path modelscope_cache;
  // Send a token also where its endpoint is http and not this machine: anyone on the way can read
  // it. Else such a hub cannot be asked while there is a token.
  bool allow_insecure_token = false;
  Path cache_dir;
  Path home;  // HUBDIST_HOME; empty: hubdist_home()
  bool offline = false;
  bool symlinks = true;
  bool xet = true;           // read files from Xet storage where the hub offers it
  bool shared_blobs = true;  // use the blobs that a cache's repositories share
  // How long the hub may take to tell facts, before the cache is asked in its place. For what the
  // cache does not have it is asked again, with at least a minute.
  std::chrono::milliseconds metadata_timeout{10'000};
  std::chrono::seconds stall_timeout{30};
  std::string tracker = "off";  // "off", "auto" or "host:port"
  std::string zone;
  std::uint64_t memory_budget = 0;  // bytes; 0: default_memory_budget()
  std::string user_agent;           // empty: "hubdist/<version>"
  HttpHeaders headers;              // added to every request to `endpoint`, and to no other host
  RetryPolicy retry;
  FileSystem* file_system = nullptr;  // borrowed; null: posix_file_system()

  static Result<ClientOptions> from_environment();
};

enum class ProgressKind { kPlanned, kStarted, kBytes, kFinished };
struct ProgressEvent {
  ProgressKind kind;
  std::string_view path;    // of the file; empty for kPlanned
  std::uint64_t bytes = 0;  // kPlanned: total to be here at the end; kBytes: since the last event
  std::uint64_t files = 0;  // kPlanned
  bool held = false;        // kBytes: was there already, nothing moved for it
};
// Called by many threads, one at a time. An exception or slowness in it is the caller's loss.
using ProgressSink = std::function<void(const ProgressEvent&)>;

struct SnapshotRequest {
  std::string repo_id;
  RepoType repo_type = RepoType::kModel;
  std::string revision;  // empty: "main"
  PathFilter filter;
  std::optional<Path> local_dir;
  bool force_download = false;
  bool local_files_only = false;
  std::size_t max_workers = 8;
  ProgressSink progress;
};

struct FileRequest {
  std::string repo_id;
  RepoType repo_type = RepoType::kModel;
  std::string revision;
  std::string path;
  std::optional<Path> local_dir;
  bool force_download = false;
  bool local_files_only = false;
  ProgressSink progress;
};

struct DownloadOptions {
  PathFilter filter;
  std::optional<Path> local_dir;   // needed for schemes without a cache
  std::optional<Identity> digest;  // of a URI that names one file
  bool force_download = false;
  bool local_files_only = false;
  std::size_t max_workers = 8;
  ProgressSink progress;
};

// Bytes are of content, without protocol.
struct DownloadReport {
  Path path;  // of the file, of the snapshot's folder, or local_dir
  std::string commit;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_from_origin = 0;
  std::uint64_t bytes_from_peers = 0;
  std::uint64_t bytes_held = 0;
  bool verified = true;          // false when an origin stated no digest for some file
  bool from_cache_only = false;  // the hub was not reached: what the cache had was returned
};

// Thread-safe, blocking, cancellable: a stop request ends a call within 100 ms with Cancelled and
// keeps what was received. With a tracker the client's node serves on until the client is
// destroyed.
class Client {
 public:
  static Result<std::unique_ptr<Client>> create(ClientOptions options);
  ~Client();

  Result<DownloadReport> download_snapshot(const SnapshotRequest& request,
                                           std::stop_token stop = {});
  Result<DownloadReport> download_file(const FileRequest& request, std::stop_token stop = {});
  // Any URI: hf:// into the cache and modelscope:// into ModelScope's, unless local_dir is given;
  // other schemes into local_dir.
  Result<DownloadReport> download(std::string_view uri, const DownloadOptions& options = {},
                                  std::stop_token stop = {});

  // Where an application adds its own scheme.
  BackendRegistry& backends();
  const ClientOptions& options() const;
  // Blocks until no node wants what this client's node holds; at once without an exchange.
  Status wait_until_unneeded(std::stop_token stop);
  // How this client takes part in an exchange: empty fields without one.
  struct ExchangeInfo {
    std::string node_id;
    std::string address;
    std::uint64_t bytes_to_peers = 0;
  };
  ExchangeInfo exchange() const;

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hubdist

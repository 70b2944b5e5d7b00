// HubServer: a hub of one's own, which the clients of Hugging Face read and write by HF_ENDPOINT
// alone.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <hubdist/base/secret.h>
#include <hubdist/server/add_folder.h>

namespace hubdist {

struct HubServerOptions {
  Path root;                           // the folder that holds the hub; made if missing
  std::string listen = "127.0.0.1:0";  // "host:port"; port 0: any
  // TLS by a certificate with its chain and a key, PEM both; neither, or both. When they are
  // renewed the server takes the new ones within a minute.
  Path tls_certificate{};
  Path tls_key{};
  // Tokens travel in clear text over plain http, so that without TLS an address which is not
  // loopback is refused (FailedPrecondition) unless this says that the network is trusted.
  bool allow_insecure = false;
  // How clients reach the server when it is not by the address that they name in Host, such as
  // "https://hub.example.org" behind a proxy. Without a path.
  std::string public_url{};
  std::size_t handler_threads = 16;
  // Contents that may be on their way in at once: the next is told to come again (503 with
  // Retry-After) before any of it is read. Likewise for commits.
  std::size_t max_uploads = 64;
  std::size_t max_commits = 16;
  // A larger LFS file comes in parts of this size, where the client knows how. At least 1.
  std::uint64_t lfs_part = 4 * kGiB;
  // How long tokens and links hold by which clients read and write Xet storage. They ask for new
  // ones by themselves; a link that is out works to its end, whatever becomes of the repository.
  std::chrono::seconds xet_life = std::chrono::minutes(15);
  // Whether GET /metrics tells everybody, for Prometheus, what the server does.
  bool metrics = false;
  // Called with a JSON object for each answer, by many threads at once.
  std::function<void(std::string_view line)> access_log{};
  // What the hub's folder is read and written by; must outlive the server.
  FileSystem* file_system = &posix_file_system();
};

// Thread-safe. Any number of servers and writers may share a root.
class HubServer {
 public:
  static Result<std::unique_ptr<HubServer>> start(HubServerOptions options);
  ~HubServer();  // stop()
  HubServer(const HubServer&) = delete;
  HubServer& operator=(const HubServer&) = delete;

  std::string address() const;   // "127.0.0.1:4711"
  std::string endpoint() const;  // "http://127.0.0.1:4711", for HF_ENDPOINT; https with TLS
  void stop(std::chrono::milliseconds grace = std::chrono::seconds(5));

  // The same as the commands `hubdist hub add`, `token add`, `user` and `org`.
  Result<AddFolderResult> add(const Path& folder, const RepoId& repo,
                              const AddFolderOptions& options = {}, std::stop_token stop = {});
  Result<Secret> add_token(std::string_view user, const TokenOptions& options = {});
  Accounts& accounts();

 private:
  class Impl;
  explicit HubServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hubdist

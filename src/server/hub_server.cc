#include "server/internal/hub_api.h"
#include <hubdist/base/log.h>
#include <hubdist/io/http_server.h>
#include <hubdist/server/hub_server.h>

namespace hubdist {

namespace {

constexpr std::uint64_t kMaxBody = 8 * kMiB;  // of what comes whole, such as a list of paths
constexpr std::string_view kRefusal =
    "tokens and private files would travel in clear text; give a certificate (--tls-cert, "
    "--tls-key), listen on loopback behind a proxy with TLS, or say that the network is trusted "
    "(--allow-insecure)";

void log_exchange(const HttpExchange& exchange) {
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(exchange.time).count();
  log(LogLevel::kInfo, exchange.remote, ' ', exchange.method, ' ', exchange.path, ' ',
      exchange.status, ' ', exchange.body_bytes, " bytes ", milliseconds, " ms",
      exchange.complete ? "" : " broken off");
}

Status check_public_url(std::string_view url) {
  if (url.empty()) return {};
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!url.starts_with(scheme)) continue;
    const std::string_view host = url.substr(scheme.size());
    if (!host.empty() && host.find_first_of("/?#@ <>\"") == std::string_view::npos) return {};
  }
  return invalid_argument("'", url, "' is not a public URL: give scheme and host, such as ",
                          "https://hub.example.org");
}

}  // namespace

class HubServer::Impl {
 public:
  Impl(std::unique_ptr<ObjectStore> store, FileSystem& fs)
      : fs_(fs), store_(std::move(store)), repositories_(*store_), accounts_(*store_) {}

  Status serve(const HubServerOptions& options) {
    HttpServerOptions http;
    http.listen = options.listen;
    http.handler_threads = options.handler_threads;
    http.limits.body = kMaxBody;
    const auto metrics = std::make_shared<internal::Metrics>();
    http.on_exchange = [metrics, access_log = options.access_log](const HttpExchange& exchange) {
      log_exchange(exchange);
      metrics->add(exchange);
      if (access_log) access_log(internal::access_line(exchange, system_clock().wall_time()));
    };
    if (!options.tls_certificate.empty())
      http.tls = HttpTlsOptions{options.tls_certificate, options.tls_key};
    encrypted_ = http.tls.has_value();
    const bool loopback_only = !options.allow_insecure && !encrypted_;
    http.loopback_only = loopback_only;
    HUBDIST_ASSIGN(Secret link_key, internal::find_link_key(*store_));
    internal::HubApiOptions api;
    api.public_url = options.public_url;
    api.scheme = scheme();
    api.max_uploads = options.max_uploads;
    api.max_commits = options.max_commits;
    api.lfs_part = options.lfs_part;
    api.xet_life = options.xet_life;
    if (options.metrics) api.metrics = metrics;
    auto started = HttpServer::start(
        std::move(http),
        std::make_shared<internal::HubApi>(*store_, std::move(link_key), std::move(api)));
    if (loopback_only && started.status().code() == StatusCode::kFailedPrecondition)
      return with_context(started.status(), kRefusal);
    if (!started.ok()) return started.status();
    http_ = *std::move(started);
    if (http_->loopback() || encrypted_) return {};
    log(LogLevel::kWarning, "the hub serves plain http on ", http_->address(),
        ": tokens and private files travel in clear text");
    return {};
  }

  std::string_view scheme() const { return encrypted_ ? "https" : "http"; }
  HttpServer& http() { return *http_; }
  Repositories& repositories() { return repositories_; }
  Accounts& accounts() { return accounts_; }
  FileSystem& fs() { return fs_; }

 private:
  FileSystem& fs_;
  bool encrypted_ = false;
  std::unique_ptr<ObjectStore> store_;
  Repositories repositories_;
  Accounts accounts_;
  std::unique_ptr<HttpServer> http_;  // goes first: its handlers use the store
};

Result<std::unique_ptr<HubServer>> HubServer::start(HubServerOptions options) {
  HUBDIST_TRY(check_public_url(options.public_url));
  if (options.tls_certificate.empty() != options.tls_key.empty())
    return invalid_argument("TLS needs a certificate and its key: give both, or neither");
  if (options.lfs_part == 0) return invalid_argument("a part of an LFS file has at least 1 byte");
  if (options.xet_life < std::chrono::seconds(1))
    return invalid_argument("tokens of Xet storage must hold for at least 1 second");
  FileSystem& fs = *options.file_system;
  HUBDIST_ASSIGN(auto store, open_folder_store(fs, options.root));
  auto impl = std::make_unique<Impl>(std::move(store), fs);
  HUBDIST_TRY(impl->serve(options));
  return std::unique_ptr<HubServer>(new HubServer(std::move(impl)));
}

HubServer::HubServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HubServer::~HubServer() = default;

std::string HubServer::address() const { return impl_->http().address(); }
std::string HubServer::endpoint() const { return concat(impl_->scheme(), "://", address()); }
void HubServer::stop(std::chrono::milliseconds grace) { impl_->http().stop(grace); }

Result<AddFolderResult> HubServer::add(const Path& folder, const RepoId& repo,
                                       const AddFolderOptions& options, std::stop_token stop) {
  return add_folder(impl_->repositories(), impl_->fs(), folder, repo, options, std::move(stop));
}

Result<Secret> HubServer::add_token(std::string_view user, const TokenOptions& options) {
  return impl_->accounts().add_token(user, options);
}

Accounts& HubServer::accounts() { return impl_->accounts(); }

}  // namespace hubdist

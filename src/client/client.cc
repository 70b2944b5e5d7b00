#include <algorithm>
#include <charconv>

#include "client/internal/client_impl.h"
#include <hubdist/backend/decorators.h>
#include <hubdist/backend/file_backend.h>
#include <hubdist/backend/http_backend.h>
#include <hubdist/backend/modelscope_backend.h>
#include <hubdist/client/client.h>

namespace hubdist {

using internal::RepoWish;

namespace {

// For facts that the cache does not have, as huggingface_hub gives.
constexpr std::chrono::seconds kPatience{60};

// A slip here would otherwise only show as a download that goes alone.
Status check_tracker(std::string_view tracker) {
  if (tracker.empty() || tracker == "off" || tracker == "auto") return {};
  const std::size_t colon = tracker.rfind(':');
  const std::string_view port = colon == tracker.npos ? "" : tracker.substr(colon + 1);
  int number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (colon > 0 && error == std::errc{} && end == port.data() + port.size() && number > 0 &&
      number <= 65535)
    return {};
  return invalid_argument("tracker '", tracker, "': write off, auto or HOST:PORT");
}

}  // namespace

Client::Impl::Impl(ClientOptions given)
    : options(std::move(given)),
      fs(options.file_system ? *options.file_system : posix_file_system()),
      budget(options.memory_budget ? options.memory_budget : default_memory_budget()),
      cache(fs, {options.cache_dir, options.symlinks, options.shared_blobs}),
      exchanges(options, fs) {}

Status Client::Impl::start() {
  if (options.cache_dir.empty())
    return invalid_argument(
        "a client needs a cache_dir: ClientOptions::from_environment() has one");
  HUBDIST_TRY(check_tracker(options.tracker));
  HttpClientOptions client;
  client.user_agent = options.user_agent;
  http_ = std::make_shared<HttpClient>(client);
  const auto& http = http_;
  HfBackendOptions hub;
  hub.endpoint = options.endpoint;
  hub.token = options.token;
  hub.allow_insecure_token = options.allow_insecure_token;
  hub.headers = options.headers;
  hub.metadata_timeout = options.metadata_timeout;
  hub.stall_timeout = options.stall_timeout;
  quick_hub_ = make_hf_backend(http, hub);
  hub.metadata_timeout = std::max<std::chrono::milliseconds>(hub.metadata_timeout, kPatience);
  patient_hub_ = make_hf_backend(http, hub);
  retrying_hub_ = make_retrying(patient_hub_, options.retry);
  HUBDIST_TRY(registry.add("hf", retrying_hub_));
  ModelScopeBackendOptions modelscope;
  modelscope.endpoint = options.modelscope_endpoint;
  modelscope.token = options.modelscope_token;
  modelscope.allow_insecure_token = options.allow_insecure_token;
  modelscope.metadata_timeout =
      std::max<std::chrono::milliseconds>(options.metadata_timeout, kPatience);
  modelscope.stall_timeout = options.stall_timeout;
  HUBDIST_TRY(registry.add(
      "modelscope", make_retrying(make_modelscope_backend(http, modelscope), options.retry)));
  HttpBackendOptions web;
  web.metadata_timeout = options.metadata_timeout;
  web.stall_timeout = options.stall_timeout;
  const auto plain = make_retrying(make_http_backend(http, web), options.retry);
  HUBDIST_TRY(registry.add("http", plain));
  HUBDIST_TRY(registry.add("https", plain));
  return registry.add("file", make_file_backend(fs));
}

namespace {

template <typename Request>
RepoWish wish_of(const Request& request) {
  RepoWish wish;
  wish.repo = {request.repo_type, request.repo_id};
  wish.revision = request.revision.empty() ? "main" : request.revision;
  wish.local_dir = request.local_dir;
  wish.force = request.force_download;
  wish.local_files_only = request.local_files_only;
  wish.progress = request.progress;
  return wish;
}

}  // namespace

Result<std::unique_ptr<Client>> Client::create(ClientOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  HUBDIST_TRY(impl->start());
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Result<DownloadReport> Client::download_snapshot(const SnapshotRequest& request,
                                                 std::stop_token stop) {
  RepoWish wish = wish_of(request);
  wish.selection.filter = request.filter;
  wish.max_workers = request.max_workers;
  return impl_->download_repo(wish, stop);
}

Result<DownloadReport> Client::download_file(const FileRequest& request, std::stop_token stop) {
  RepoWish wish = wish_of(request);
  wish.selection.file = request.path;
  return impl_->download_one(wish, stop);
}

Result<DownloadReport> Client::download(std::string_view uri, const DownloadOptions& options,
                                        std::stop_token stop) {
  HUBDIST_ASSIGN(const Uri parsed, parse_uri(uri));
  return impl_->download_uri(parsed, options, stop);
}

BackendRegistry& Client::backends() { return impl_->registry; }
const ClientOptions& Client::options() const { return impl_->options; }
Status Client::wait_until_unneeded(std::stop_token stop) {
  return impl_->exchanges.wait_until_unneeded(stop);
}
Client::ExchangeInfo Client::exchange() const { return impl_->exchanges.info(); }

}  // namespace hubdist

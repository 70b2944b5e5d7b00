// client/: the facade.
#include "adapters.h"
#include "blocking.h"
#include "handle.h"
#include <hubdist/backend/decorators.h>
#include <hubdist/client/client.h>
#include <hubdist/core/hash.h>

namespace hubdist::python {
namespace {

using ClientHandle = Handle<Client>;
using Strings = std::vector<std::string>;

// What every download may be told.
struct Wishes {
  std::optional<Strings> include;
  std::optional<Strings> exclude;
  std::optional<Path> local_dir;
  bool force_download = false;
  bool local_files_only = false;
  std::size_t max_workers = 8;

  PathFilter filter() const {
    PathFilter out;
    out.has_include = include.has_value();
    out.include = include.value_or(Strings{});
    out.exclude = exclude.value_or(Strings{});
    return out;
  }
};

ClientOptions make_options(
    std::optional<std::string> endpoint, std::optional<std::string> token,
    std::optional<Path> cache_dir, std::optional<Path> home, std::optional<bool> offline,
    std::optional<std::string> tracker, std::optional<std::string> zone,
    std::optional<std::uint64_t> memory_budget, std::optional<RetryPolicy> retry,
    std::optional<double> metadata_timeout, std::optional<double> stall_timeout,
    std::optional<std::string> user_agent, const std::map<std::string, std::string>& headers,
    std::optional<bool> allow_insecure_token, std::optional<std::string> modelscope_endpoint,
    std::optional<std::string> modelscope_token, std::optional<Path> modelscope_cache) {
  ClientOptions options = unwrap(ClientOptions::from_environment());
  if (endpoint) options.endpoint = *std::move(endpoint);
  if (token) options.token = Secret(*std::move(token));
  if (cache_dir) options.cache_dir = *std::move(cache_dir);
  if (home) options.home = *std::move(home);
  if (offline) options.offline = *offline;
  if (tracker) options.tracker = *std::move(tracker);
  if (zone) options.zone = *std::move(zone);
  if (memory_budget) options.memory_budget = *memory_budget;
  if (retry) options.retry = *retry;
  if (const auto limit = seconds_of(metadata_timeout))
    options.metadata_timeout = std::chrono::ceil<std::chrono::milliseconds>(*limit);
  if (const auto limit = seconds_of(stall_timeout))
    options.stall_timeout = std::chrono::ceil<std::chrono::seconds>(*limit);
  if (allow_insecure_token) options.allow_insecure_token = *allow_insecure_token;
  if (modelscope_endpoint) options.modelscope_endpoint = *std::move(modelscope_endpoint);
  if (modelscope_token) options.modelscope_token = Secret(*std::move(modelscope_token));
  if (modelscope_cache) options.modelscope_cache = *std::move(modelscope_cache);
  if (user_agent) options.user_agent = *std::move(user_agent);
  for (const auto& [field, value] : headers) {
    // As a header the token would miss the care that a token gets.
    if (equal_ignoring_case(field, "authorization"))
      raise_status(invalid_argument("headers: give the token of `Authorization` as `token`"));
    options.headers.add(field, value);
  }
  return options;
}

// Equal for options that make equal clients. Tokens go in by their hashes alone.
std::string fingerprint(const ClientOptions& o) {
  std::string all;
  const auto field = [&](std::string_view text) { all += concat(text.size(), ':', text); };
  field(o.endpoint);
  field(sha256(as_bytes(o.token.reveal())).hex());
  field(o.modelscope_endpoint);
  field(sha256(as_bytes(o.modelscope_token.reveal())).hex());
  field(o.modelscope_cache.native());
  field(o.cache_dir.native());
  field(o.home.native());
  field(o.tracker);
  field(o.zone);
  field(o.user_agent);
  for (const auto& [name, value] : o.headers.fields()) {
    field(name);
    field(value);
  }
  for (const std::int64_t number :
       {std::int64_t{o.offline}, std::int64_t{o.symlinks}, std::int64_t{o.allow_insecure_token},
        std::int64_t{o.metadata_timeout.count()}, std::int64_t{o.stall_timeout.count()},
        static_cast<std::int64_t>(o.memory_budget), std::int64_t{o.retry.max_tries},
        std::int64_t{o.retry.base_delay.count()}, std::int64_t{o.retry.max_delay.count()},
        std::int64_t{o.retry.max_server_delay.count()}})
    field(std::to_string(number));
  return sha256(as_bytes(all)).hex();
}

std::unique_ptr<ClientHandle> make_client(const std::optional<ClientOptions>& given) {
  const ClientOptions options = given ? *given : unwrap(ClientOptions::from_environment());
  auto client = blocking([&](const std::stop_token&) { return Client::create(options); });
  return std::make_unique<ClientHandle>("Client", std::move(client));
}

template <typename Request>
void apply(Request& request, const Wishes& wishes, const SharedProgress& progress) {
  request.local_dir = wishes.local_dir;
  request.force_download = wishes.force_download;
  request.local_files_only = wishes.local_files_only;
  if (progress) request.progress = progress->sink(progress);
}

DownloadReport download_snapshot(const ClientHandle& self, std::string repo_id,
                                 const std::string& repo_type, std::string revision,
                                 const Wishes& wishes, const py::object& callback) {
  const auto client = self.get();
  const SharedProgress progress = progress_queue(callback);
  SnapshotRequest request;
  request.repo_id = std::move(repo_id);
  request.repo_type = unwrap(parse_repo_type(repo_type));
  request.revision = std::move(revision);
  request.filter = wishes.filter();
  request.max_workers = wishes.max_workers;
  apply(request, wishes, progress);
  return blocking([&](std::stop_token stop) { return client->download_snapshot(request, stop); },
                  self.closing(), progress.get());
}

DownloadReport download_file(const ClientHandle& self, std::string repo_id, std::string path,
                             const std::string& repo_type, std::string revision,
                             const Wishes& wishes, const py::object& callback) {
  const auto client = self.get();
  const SharedProgress progress = progress_queue(callback);
  FileRequest request;
  request.repo_id = std::move(repo_id);
  request.repo_type = unwrap(parse_repo_type(repo_type));
  request.revision = std::move(revision);
  request.path = std::move(path);
  apply(request, wishes, progress);
  return blocking([&](std::stop_token stop) { return client->download_file(request, stop); },
                  self.closing(), progress.get());
}

DownloadReport download_uri(const ClientHandle& self, const std::string& uri,
                            const std::optional<std::string>& digest, const Wishes& wishes,
                            const py::object& callback) {
  const auto client = self.get();
  const SharedProgress progress = progress_queue(callback);
  DownloadOptions options;
  options.filter = wishes.filter();
  options.max_workers = wishes.max_workers;
  if (digest) options.digest = unwrap(parse_identity(*digest));
  apply(options, wishes, progress);
  return blocking([&](std::stop_token stop) { return client->download(uri, options, stop); },
                  self.closing(), progress.get());
}

// Calls `f(backend, uri, stop)` with the backend of a URI, without the GIL.
template <typename F>
auto with_backend(const ClientHandle& self, const std::string& text, F&& f) {
  const auto client = self.get();
  const Uri uri = unwrap(parse_uri(text));
  const auto backend = unwrap(client->backends().find(uri));
  return blocking([&](std::stop_token stop) { return f(*backend, uri, std::move(stop)); },
                  self.closing());
}

// Reads a range into memory that Python owns.
py::bytes read_range(const ClientHandle& self, const std::string& uri, std::uint64_t begin,
                     std::uint64_t end) {
  if (begin > end || end - begin > static_cast<std::uint64_t>(PY_SSIZE_T_MAX))
    raise_status(invalid_argument("no range: ", begin, " to ", end));
  const Bytes read = with_backend(
      self, uri, [&](Backend& backend, const Uri& parsed, std::stop_token stop) -> Result<Bytes> {
        Bytes out;
        const auto keep = [&](ByteView bytes) {
          append_bytes(out, bytes);
          return Status();
        };
        HUBDIST_TRY(backend.read(parsed, {begin, end}, keep, std::move(stop)));
        return out;
      });
  return to_bytes(read);
}

void bind_values(py::module_& m) {
  py::enum_<ProgressKind>(m, "ProgressKind", "What a ProgressEvent tells.")
      .value("PLANNED", ProgressKind::kPlanned, "The totals are known.")
      .value("STARTED", ProgressKind::kStarted, "A file begins.")
      .value("BYTES", ProgressKind::kBytes, "Bytes of a file arrived, or were there already.")
      .value("FINISHED", ProgressKind::kFinished, "A file is verified and at its path.");
  py::class_<Progress>(m, "ProgressEvent", "What happened since the last event.")
      .def_readonly("kind", &Progress::kind)
      .def_property_readonly(
          "path", [](const Progress& e) { return to_str(e.path); },
          "Of the file, inside the repository; empty for PLANNED.")
      .def_readonly("bytes", &Progress::bytes,
                    "PLANNED: the total to be here at the end; BYTES: since the last event.")
      .def_readonly("files", &Progress::files, "PLANNED: how many.")
      .def_readonly("held", &Progress::held, "BYTES: was there already, nothing moved for it.");
  py::class_<DownloadReport>(m, "DownloadReport", "What a download did. Bytes are of content.")
      .def_readonly("path", &DownloadReport::path,
                    "Of the file, of the snapshot's folder, or local_dir.")
      .def_readonly("commit", &DownloadReport::commit)
      .def_readonly("files", &DownloadReport::files)
      .def_readonly("bytes", &DownloadReport::bytes)
      .def_readonly("bytes_from_origin", &DownloadReport::bytes_from_origin)
      .def_readonly("bytes_from_peers", &DownloadReport::bytes_from_peers)
      .def_readonly("bytes_held", &DownloadReport::bytes_held, "Were here already.")
      .def_readonly("verified", &DownloadReport::verified,
                    "False when an origin stated no digest for some file.")
      .def_readonly("from_cache_only", &DownloadReport::from_cache_only,
                    "The hub was not reached: what the cache had was returned.");
  py::class_<Client::ExchangeInfo>(m, "ExchangeInfo",
                                   "How a client takes part in an exchange; empty without one.")
      .def_readonly("node_id", &Client::ExchangeInfo::node_id)
      .def_readonly("address", &Client::ExchangeInfo::address)
      .def_readonly("bytes_to_peers", &Client::ExchangeInfo::bytes_to_peers);
}

void bind_options(py::module_& m) {
  py::class_<ClientOptions>(
      m, "ClientOptions",
      "What a Client is made from. What is not given comes from the environment: HF_ENDPOINT, "
      "HF_TOKEN, HF_TOKEN_PATH, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE, HF_HUB_ETAG_TIMEOUT, "
      "HF_HUB_DOWNLOAD_TIMEOUT, HF_HUB_DISABLE_IMPLICIT_TOKEN, HF_HUB_DISABLE_SYMLINKS, "
      "HUBDIST_TRACKER, HUBDIST_HOME, HUBDIST_ALLOW_INSECURE_TOKEN, with huggingface_hub's "
      "meanings. `token` goes to `endpoint` alone and is never shown; \"\" means none. With "
      "`allow_insecure_token` it is sent even over plain http to another machine. `tracker`: "
      "\"off\", \"auto\" or \"host:port\". "
      "`memory_budget` in bytes, timeouts in seconds. `headers` are added to every request to "
      "`endpoint`, and to no other host. `modelscope_endpoint`, `modelscope_token` and "
      "`modelscope_cache` are for modelscope://, and come from MODELSCOPE_ENDPOINT, "
      "MODELSCOPE_API_TOKEN and MODELSCOPE_CACHE.")
      .def(py::init(&make_options), py::kw_only(), py::arg("endpoint") = py::none(),
           py::arg("token") = py::none(), py::arg("cache_dir") = py::none(),
           py::arg("home") = py::none(), py::arg("offline") = py::none(),
           py::arg("tracker") = py::none(), py::arg("zone") = py::none(),
           py::arg("memory_budget") = py::none(), py::arg("retry") = py::none(),
           py::arg("metadata_timeout") = py::none(), py::arg("stall_timeout") = py::none(),
           py::arg("user_agent") = py::none(),
           py::arg("headers") = std::map<std::string, std::string>{},
           py::arg("allow_insecure_token") = py::none(),
           py::arg("modelscope_endpoint") = py::none(), py::arg("modelscope_token") = py::none(),
           py::arg("modelscope_cache") = py::none())
      .def_readonly("endpoint", &ClientOptions::endpoint)
      .def_property_readonly("has_token", [](const ClientOptions& o) { return !o.token.empty(); })
      .def_readonly("allow_insecure_token", &ClientOptions::allow_insecure_token)
      .def_readonly("cache_dir", &ClientOptions::cache_dir)
      .def_readonly("modelscope_endpoint", &ClientOptions::modelscope_endpoint)
      .def_property_readonly("has_modelscope_token",
                             [](const ClientOptions& o) { return !o.modelscope_token.empty(); })
      .def_readonly("modelscope_cache", &ClientOptions::modelscope_cache)
      .def_readonly("home", &ClientOptions::home)
      .def_readonly("offline", &ClientOptions::offline)
      .def_readonly("tracker", &ClientOptions::tracker)
      .def_readonly("zone", &ClientOptions::zone)
      .def_readonly("memory_budget", &ClientOptions::memory_budget)
      .def_readonly("retry", &ClientOptions::retry)
      .def_readonly("user_agent", &ClientOptions::user_agent)
      .def_property_readonly("fingerprint", &fingerprint,
                             "Equal for options that make equal clients; tells no secret.");
}

void bind_downloads(py::class_<ClientHandle>& type) {
  type.def(
          "download_snapshot",
          [](const ClientHandle& self, std::string repo_id, const std::string& repo_type,
             std::string revision, std::optional<Strings> include, std::optional<Strings> exclude,
             std::optional<Path> local_dir, bool force_download, bool local_files_only,
             std::size_t max_workers, const py::object& progress) {
            return download_snapshot(self, std::move(repo_id), repo_type, std::move(revision),
                                     {std::move(include), std::move(exclude), std::move(local_dir),
                                      force_download, local_files_only, max_workers},
                                     progress);
          },
          py::arg("repo_id"), py::kw_only(), py::arg("repo_type") = "model",
          py::arg("revision") = "", py::arg("include") = py::none(),
          py::arg("exclude") = py::none(), py::arg("local_dir") = py::none(),
          py::arg("force_download") = false, py::arg("local_files_only") = false,
          py::arg("max_workers") = 8, py::arg("progress") = py::none(),
          "Brings a repository at one commit into the cache, or into `local_dir`. `progress` is "
          "called with a ProgressEvent, in the calling thread, about 20 times a second; an "
          "exception in it stops the download and is raised here. What was received is kept, also "
          "on Ctrl-C.")
      .def(
          "download_file",
          [](const ClientHandle& self, std::string repo_id, std::string path,
             const std::string& repo_type, std::string revision, std::optional<Path> local_dir,
             bool force_download, bool local_files_only, const py::object& progress) {
            return download_file(
                self, std::move(repo_id), std::move(path), repo_type, std::move(revision),
                {{}, {}, std::move(local_dir), force_download, local_files_only}, progress);
          },
          py::arg("repo_id"), py::arg("path"), py::kw_only(), py::arg("repo_type") = "model",
          py::arg("revision") = "", py::arg("local_dir") = py::none(),
          py::arg("force_download") = false, py::arg("local_files_only") = false,
          py::arg("progress") = py::none(), "Brings one file of a repository.")
      .def(
          "download",
          [](const ClientHandle& self, const std::string& uri, std::optional<Strings> include,
             std::optional<Strings> exclude, std::optional<Path> local_dir,
             const std::optional<std::string>& digest, bool force_download, bool local_files_only,
             std::size_t max_workers, const py::object& progress) {
            return download_uri(self, uri, digest,
                                {std::move(include), std::move(exclude), std::move(local_dir),
                                 force_download, local_files_only, max_workers},
                                progress);
          },
          py::arg("uri"), py::kw_only(), py::arg("include") = py::none(),
          py::arg("exclude") = py::none(), py::arg("local_dir") = py::none(),
          py::arg("digest") = py::none(), py::arg("force_download") = false,
          py::arg("local_files_only") = false, py::arg("max_workers") = 8,
          py::arg("progress") = py::none(),
          "Any URI: hf:// into the cache and modelscope:// into ModelScope's, unless local_dir is "
          "given; other schemes into local_dir. "
          "`digest` (\"sha256:...\") proves a URI of one file.");
}

void bind_reading(py::class_<ClientHandle>& type) {
  type.def(
          "stat",
          [](const ClientHandle& self, const std::string& uri) {
            return with_backend(self, uri, [](Backend& b, const Uri& u, std::stop_token stop) {
              return b.stat(u, std::move(stop));
            });
          },
          py::arg("uri"), "The size, digests and etag of one object, as its origin states them.")
      .def(
          "list",
          [](const ClientHandle& self, const std::string& uri) {
            return with_backend(self, uri, [](Backend& b, const Uri& u, std::stop_token stop) {
              return list_snapshot(b, u, std::move(stop));
            });
          },
          py::arg("uri"), "The files below a repository, a folder or a prefix, sorted by path.")
      .def(
          "exists",
          [](const ClientHandle& self, const std::string& uri) {
            return with_backend(self, uri, [](Backend& b, const Uri& u, std::stop_token stop) {
              return b.exists(u, std::move(stop));
            });
          },
          py::arg("uri"), "Whether one object is there.")
      .def("read", &read_range, py::arg("uri"), py::arg("begin"), py::arg("end"),
           "The bytes [begin, end) of one object, straight from its origin and not verified.");
}

}  // namespace

void bind_client(py::module_& m) {
  bind_values(m);
  bind_options(m);
  py::class_<ClientHandle> type(
      m, "Client",
      "One object that brings files and snapshots from any hub, proved, into a cache or a folder."
      "\n\nThread-safe; calls block without the GIL, stop on Ctrl-C, and keep what was received. "
      "With a tracker the client's node serves on until close(), the end of a `with` block, or the "
      "end of the interpreter. Not to be used in a process that was forked from its own.");
  type.def(py::init(&make_client), py::arg("options") = py::none());
  bind_downloads(type);
  bind_reading(type);
  type.def(
          "add_backend",
          [](const ClientHandle& self, const std::string& scheme, const py::object& backend) {
            const auto client = self.get();
            check(client->backends().add(
                scheme, make_retrying(adapt_backend(backend), client->options().retry)));
          },
          py::arg("scheme"), py::arg("backend"),
          "Adds a hubdist.Backend for a URL scheme, or replaces the one of that scheme. What it "
          "raises as ConnectionError or TimeoutError is tried again by options.retry.")
      .def(
          "wait_until_unneeded",
          [](const ClientHandle& self) {
            const auto client = self.get();
            blocking([&](std::stop_token stop) { return client->wait_until_unneeded(stop); },
                     self.closing());
          },
          "Blocks until no node wants what this client's node holds; at once without an exchange.")
      .def_property_readonly("options",
                             [](const ClientHandle& self) { return self.get()->options(); })
      .def_property_readonly("exchange",
                             [](const ClientHandle& self) { return self.get()->exchange(); });
  bind_closing(type,
               "Stops the calls under way and ends the client; its node leaves the exchange.");
}

}  // namespace hubdist::python

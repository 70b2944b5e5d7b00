// server/: a hub of one's own, in process.
#include "blocking.h"
#include "handle.h"
#include <hubdist/server/hub_server.h>

namespace hubdist::python {
namespace {

using ServerHandle = Handle<HubServer>;

// A callable for many threads at once. What it raises is told as Python tells of what cannot be
// raised.
std::function<void(std::string_view)> adapt_access_log(py::object callable) {
  if (callable.is_none()) return {};
  return [shared = share(std::move(callable))](std::string_view line) {
    const py::gil_scoped_acquire gil;
    try {
      (*shared)(to_str(line));
    } catch (py::error_already_set& error) {
      error.discard_as_unraisable("HubServer's access_log");
    }
  };
}

std::unique_ptr<ServerHandle> start_server(Path root, std::string listen,
                                           const std::optional<Path>& tls_certificate,
                                           const std::optional<Path>& tls_key, bool allow_insecure,
                                           std::string public_url, std::size_t handler_threads,
                                           std::size_t max_uploads, std::size_t max_commits,
                                           std::uint64_t lfs_part, std::int64_t xet_life,
                                           bool metrics, py::object access_log) {
  HubServerOptions options;
  options.root = std::move(root);
  options.listen = std::move(listen);
  options.tls_certificate = tls_certificate.value_or(Path());
  options.tls_key = tls_key.value_or(Path());
  options.allow_insecure = allow_insecure;
  options.public_url = std::move(public_url);
  options.handler_threads = handler_threads;
  options.max_uploads = max_uploads;
  options.max_commits = max_commits;
  options.lfs_part = lfs_part;
  options.xet_life = std::chrono::seconds(xet_life);
  options.metrics = metrics;
  options.access_log = adapt_access_log(std::move(access_log));
  auto server = blocking([&](const std::stop_token&) { return HubServer::start(options); });
  return std::make_unique<ServerHandle>("HubServer", std::move(server));
}

std::optional<Gating> gating_of(const std::optional<std::string>& gated) {
  if (!gated) return std::nullopt;
  if (*gated == "none") return Gating::kNone;
  if (*gated == "auto") return Gating::kAuto;
  if (*gated == "manual") return Gating::kManual;
  raise_status(invalid_argument("gated is \"none\", \"auto\" or \"manual\", not \"", *gated, "\""));
}

AddFolderResult add(const ServerHandle& self, const Path& folder, const std::string& repo_id,
                    const std::string& repo_type, std::string branch, std::string message,
                    std::string author, std::optional<bool> is_private,
                    const std::optional<std::string>& gated, std::vector<std::string> readers) {
  const auto server = self.get();
  const RepoId repo = unwrap(RepoId::parse(unwrap(parse_repo_type(repo_type)), repo_id));
  AddFolderOptions options;
  options.branch = std::move(branch);
  options.message = std::move(message);
  options.author = std::move(author);
  options.is_private = is_private;
  options.gating = gating_of(gated);
  options.readers = std::move(readers);
  return blocking([&](std::stop_token stop) { return server->add(folder, repo, options, stop); },
                  self.closing());
}

}  // namespace

void bind_server(py::module_& m) {
  py::class_<AddFolderResult>(m, "AddFolderResult", "What a folder became in a hub.")
      .def_property_readonly("commit", [](const AddFolderResult& r) { return r.commit.hex(); })
      .def_readonly("changed", &AddFolderResult::changed,
                    "False: the branch had this content already, no commit was made.")
      .def_readonly("files", &AddFolderResult::files)
      .def_readonly("bytes", &AddFolderResult::bytes, "Of all files.")
      .def_readonly("new_bytes", &AddFolderResult::new_bytes,
                    "Of contents that the hub did not hold yet.");
  const HubServerOptions standard;
  const AddFolderOptions usual;
  py::class_<ServerHandle> type(
      m, "HubServer",
      "A hub of one's own, which the clients of Hugging Face read and write by HF_ENDPOINT "
      "alone.\n\n"
      "`root` is the folder that holds the hub, made if missing; any number of servers may share "
      "it. `listen` is \"host:port\", port 0: any. `tls_certificate` and `tls_key` are PEM files: "
      "with them it serves https, and takes renewed ones within a minute. Tokens travel in clear "
      "text over plain http, so that without TLS an address which is not loopback is refused "
      "unless "
      "`allow_insecure` says that the network is trusted. `public_url`: how clients reach the "
      "server behind a proxy. `max_uploads` and `max_commits` may be on their way in at once; the "
      "next is told to come again. A larger LFS file than `lfs_part` bytes comes in parts of that "
      "size. `xet_life`: how long tokens and links of Xet storage hold, in seconds. "
      "`metrics`: GET /metrics tells everybody what the server does. `access_log` is called "
      "with a line of JSON for each answer, by any thread, and must not close the server. "
      "Thread-safe. Serves until close(), the end of a `with` block, or the end of the "
      "interpreter.");
  type.def(py::init(&start_server), py::arg("root"), py::kw_only(),
           py::arg("listen") = standard.listen, py::arg("tls_certificate") = py::none(),
           py::arg("tls_key") = py::none(), py::arg("allow_insecure") = false,
           py::arg("public_url") = "", py::arg("handler_threads") = standard.handler_threads,
           py::arg("max_uploads") = standard.max_uploads,
           py::arg("max_commits") = standard.max_commits, py::arg("lfs_part") = standard.lfs_part,
           py::arg("xet_life") = standard.xet_life.count(), py::arg("metrics") = false,
           py::arg("access_log") = py::none())
      .def_property_readonly(
          "address", [](const ServerHandle& self) { return self.get()->address(); },
          "\"127.0.0.1:4711\"")
      .def_property_readonly(
          "endpoint", [](const ServerHandle& self) { return self.get()->endpoint(); },
          "\"http://127.0.0.1:4711\", for HF_ENDPOINT; https with TLS.")
      .def("add", &add, py::arg("folder"), py::arg("repo_id"), py::kw_only(),
           py::arg("repo_type") = "model", py::arg("branch") = usual.branch,
           py::arg("message") = "", py::arg("author") = usual.author,
           py::arg("private") = py::none(), py::arg("gated") = py::none(),
           py::arg("readers") = std::vector<std::string>{},
           "Puts the content of a folder as a commit on a branch, which then holds these files and "
           "no others. What is None stays as it is; a new repository is public and not gated. "
           "`gated`: \"none\", \"auto\" or \"manual\". `readers` are added to those there are.")
      .def(
          "add_token",
          [](const ServerHandle& self, const std::string& user, bool write, std::string name) {
            const auto server = self.get();
            const TokenOptions options{write, std::move(name)};
            const Secret token =
                blocking([&](const std::stop_token&) { return server->add_token(user, options); });
            return std::string(token.reveal());
          },
          py::arg("user"), py::kw_only(), py::arg("write") = false,
          py::arg("name") = TokenOptions().label,
          "Makes the user if missing, and a new token, which cannot be asked for again. `write`: "
          "it may write, not only read. `name`: what it is for.");
  bind_closing(type, "Stops serving; answers under way get 5 s.");
}

}  // namespace hubdist::python

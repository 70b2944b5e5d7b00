#include <algorithm>
#include <utility>

#include "backend/internal/hf_replies.h"
#include "backend/internal/http_object.h"
#include <hubdist/backend/hf_backend.h>
#include <hubdist/core/merkle.h>
#include <hubdist/io/url.h>

namespace hubdist {
namespace {

using internal::status_of_hub;

constexpr std::uint64_t kMaxApiReply = 64 * kMiB;
constexpr std::string_view kDefaultRevision = "main";
constexpr std::chrono::seconds kLongAnswer{60};
constexpr std::chrono::hours kNeverStalls{24 * 365};

// Where a hub sends a client for bytes is an absolute URL; a relative one is another name of the
// file (a renamed repository, a cache of the hub's own), whose answer has the facts.
bool is_relative(std::string_view location) {
  return !location.starts_with("//") && location.find("://") == location.npos;
}

class HfBackendImpl final : public HfBackend {
 public:
  HfBackendImpl(std::shared_ptr<HttpClient> client, HfBackendOptions options)
      : client_(std::move(client)), options_(std::move(options)) {
    while (options_.endpoint.ends_with('/')) options_.endpoint.pop_back();
  }

  BackendCapabilities capabilities() const override {
    return {.list = true, .ranges = true, .put = false, .revisions = true, .xet = true};
  }

  Result<ObjectInfo> stat(const Uri& uri, std::stop_token stop) override {
    const std::string what = format_uri(uri);
    HttpRequest request = request_for("HEAD", resolve_url(uri));
    request.redirects = Redirects::kReturn;
    request.total_timeout = options_.metadata_timeout;
    request.stall_timeout = kNeverStalls;  // the limit of the whole counts
    HttpReply reply;
    for (int hops = 0; hops <= kMaxRedirects; ++hops) {
      HUBDIST_ASSIGN(reply, client_->fetch(request, 0, stop));
      const bool redirected = reply.status >= 300 && reply.status < 400;
      if (!redirected) HUBDIST_TRY(status_of_hub(reply, what, true));
      const std::string location = reply.headers.get("Location").value_or("");
      if (!redirected || location.empty() || !is_relative(location)) return facts_of(reply, what);
      HUBDIST_ASSIGN(const HttpUrl here, parse_http_url(request.url));
      HUBDIST_ASSIGN(const HttpUrl next, resolve_http_url(here, location));
      request.url = next.text;
    }
    return no_hub(reply, what, "redirects without end");
  }

  Result<std::string> resolve_revision(const Uri& uri, std::stop_token stop) override {
    const std::string what = format_uri(uri);
    HUBDIST_ASSIGN(const HttpReply reply,
                   get_api(api_url(uri, concat("/revision/", quoted_revision(uri))), what, stop));
    auto commit = internal::parse_revision(reply.body);
    return commit.ok() ? commit : unreadable(commit.status(), reply, what);
  }

  Result<ListPage> list(const Uri& uri, const std::string& page, std::stop_token stop) override {
    ListPage listed;
    if (is_commit_id(uri.revision)) {
      listed.commit = uri.revision;
    } else {
      HUBDIST_ASSIGN(listed.commit, resolve_revision(uri, stop));
    }
    const std::string what = format_uri(uri);
    HUBDIST_ASSIGN(const std::string url, page_url(uri, listed.commit, page));
    HUBDIST_ASSIGN(const HttpReply reply, get_api(url, what, stop));
    auto entries = internal::parse_tree_page(reply.body);
    if (!entries.ok()) return unreadable(entries.status(), reply, what);
    listed.entries = *std::move(entries);
    listed.next = link_target(reply.headers.get("Link").value_or(""), "next").value_or("");
    return listed;
  }

  Status read(const Uri& uri, ByteRange range, const BodySink& sink,
              std::stop_token stop) override {
    return read_version(uri, {}, range, sink, std::move(stop));
  }

  Status read_version(const Uri& uri, std::string_view etag, ByteRange range, const BodySink& sink,
                      std::stop_token stop) override {
    const std::string what = format_uri(uri);
    HUBDIST_ASSIGN(const HttpUrl hub, parse_http_url(options_.endpoint));
    const auto from_hub = [&](const HttpResponse& response) {
      const auto url = parse_http_url(response.url);
      return url.ok() && url->same_origin(hub);
    };
    const auto etag_of = [&](const HttpResponse& response) {
      return from_hub(response) ? hub_etag(response) : std::string();
    };
    const auto map_error = [&](const HttpResponse& response, std::string_view name) {
      return from_hub(response) ? status_of_hub(response, name, true)
                                : internal::status_of_hub_store(response, name);
    };
    return internal::read_http_range(
        *client_, {request_for("GET", resolve_url(uri)), range, etag, etag_of, map_error, what},
        sink, std::move(stop));
  }

  Status put(const Uri& uri, std::uint64_t, const BodySource&, std::stop_token) override {
    return unimplemented(format_uri(uri), ": a hub takes files as commits, not one by one");
  }

  Result<bool> exists(const Uri& uri, std::stop_token stop) override {
    const auto info = stat(uri, stop);
    if (info.ok()) return true;
    if (info.status().code() == StatusCode::kNotFound) return false;
    return info.status();
  }

  Result<XetAccess> xet_access(const Uri& uri, std::string_view route,
                               std::stop_token stop) override {
    const std::string what = concat("the Xet token of ", format_uri(uri));
    std::string url = api_url(uri, concat("/xet-read-token/", quoted_revision(uri)));
    // The route gets the hub's credential, so it must be the hub's.
    HUBDIST_ASSIGN(const HttpUrl hub, parse_http_url(options_.endpoint));
    if (const auto named = resolve_http_url(hub, route);
        !route.empty() && named.ok() && named->same_origin(hub))
      url = named->text;
    HUBDIST_ASSIGN(const HttpReply reply, get_api(std::move(url), what, stop));
    auto access =
        internal::parse_xet_access(reply.body, system_clock().now(), system_clock().wall_time());
    if (!access.ok()) return unreadable(access.status(), reply, what);
    access->allow_insecure_token = options_.allow_insecure_token;
    return access;
  }

  std::string scope(const Uri& uri) const override {
    std::string_view host = options_.endpoint;
    host.remove_prefix(host.find("://") == host.npos ? 0 : host.find("://") + 3);
    return concat(host, "/", plural(uri.repo_type), "/", uri.repo);
  }

 private:
  HttpRequest request_for(std::string_view method, std::string url) const {
    HttpRequest request;
    request.method = method;
    request.url = std::move(url);
    request.headers = options_.headers;
    request.bearer = options_.token;
    request.allow_insecure_credential = options_.allow_insecure_token;
    request.stall_timeout = options_.stall_timeout;
    return request;
  }

  Result<HttpReply> get_api(std::string url, std::string_view what, std::stop_token stop) {
    HttpRequest request = request_for("GET", std::move(url));
    request.accept_compressed = true;
    request.redirects = Redirects::kFollowSameOrigin;  // nobody else may say what a file's hash is
    request.total_timeout = api_timeout();
    HUBDIST_ASSIGN(HttpReply reply, client_->fetch(request, kMaxApiReply, stop));
    HUBDIST_TRY(status_of_hub(reply, what, true));
    return reply;
  }

  // A page of a large tree takes a while.
  std::chrono::milliseconds api_timeout() const {
    return std::min(6 * options_.metadata_timeout,
                    std::max<std::chrono::milliseconds>(options_.metadata_timeout, kLongAnswer));
  }

  // A revision is one segment of the hub's routes, its '/' included.
  static std::string quoted_revision(const Uri& uri) {
    return percent_encode(uri.revision.empty() ? kDefaultRevision : uri.revision);
  }
  std::string api_url(const Uri& uri, std::string_view rest) const {
    return concat(options_.endpoint, "/api/", plural(uri.repo_type), "/",
                  percent_encode(uri.repo, "/"), rest);
  }
  std::string resolve_url(const Uri& uri) const {
    const std::string type =
        uri.repo_type == RepoType::kModel ? "" : concat(plural(uri.repo_type), "/");
    return concat(options_.endpoint, "/", type, percent_encode(uri.repo, "/"), "/resolve/",
                  quoted_revision(uri), "/", percent_encode(uri.path, "/"));
  }
  Result<std::string> page_url(const Uri& uri, const std::string& commit,
                               const std::string& page) const {
    if (page.empty()) {
      std::string folder = percent_encode(uri.path, "/");
      while (folder.ends_with('/')) folder.pop_back();
      return api_url(uri, concat("/tree/", commit, folder.empty() ? "" : "/", folder,
                                 "?recursive=true&expand=false"));
    }
    // The token of a page is a URL of the hub's; it gets our credential, so it must be the hub's.
    HUBDIST_ASSIGN(const HttpUrl hub, parse_http_url(options_.endpoint));
    const auto url = resolve_http_url(hub, page);
    if (!url.ok() || !url->same_origin(hub))
      return data_loss(format_uri(uri), ": the hub's listing goes on at another host, ",
                       url.ok() ? url->origin() : std::string(message(url.status())));
    return url->text;
  }

  // With the HTTP status, since it is an answer: what stands in the hub's place (a network that
  // wants a log-in, a wrong endpoint) is no reason to keep back what the cache has.
  static Status no_hub(const HttpResponse& reply, std::string_view what, std::string_view does) {
    return with_detail(
        failed_precondition(what, ": the server ", does,
                            ", so it does not speak the hub's interface: check HF_ENDPOINT"),
        Detail::kHttpStatus, std::to_string(reply.status));
  }

  static Status unreadable(const Status& status, const HttpResponse& reply, std::string_view what) {
    return with_detail(with_context(status, what), Detail::kHttpStatus,
                       std::to_string(reply.status));
  }

  static std::string hub_etag(const HttpResponse& reply) {
    const auto linked = reply.headers.get("X-Linked-Etag");
    return linked ? internal::normalise_etag(*linked) : internal::etag_field(reply);
  }

  static Result<ObjectInfo> facts_of(const HttpResponse& reply, std::string_view what) {
    ObjectInfo info;
    info.etag = hub_etag(reply);
    info.commit = reply.headers.get("X-Repo-Commit").value_or("");
    if (info.etag.empty() || !is_commit_id(info.commit))
      return no_hub(
          reply, what,
          concat("answers without a valid ", info.etag.empty() ? "ETag" : "X-Repo-Commit"));
    if (const auto sha256 = Sha256::parse(info.etag); sha256.ok()) info.identity.sha256 = *sha256;
    if (const auto sha1 = Sha1::parse(info.etag); sha1.ok()) info.identity.git_sha1 = *sha1;
    if (const auto xet = parse_xet_hex<XetHash>(reply.headers.get("X-Xet-Hash").value_or(""));
        xet.ok())
      info.identity.xet = *xet;
    if (info.identity.xet) info.xet_route = xet_route_of(reply);
    HUBDIST_ASSIGN(info.size, size_of(reply, what));
    return info;
  }

  static std::string xet_route_of(const HttpResponse& reply) {
    const auto linked = link_target(reply.headers.get("Link").value_or(""), "xet-auth");
    return linked ? *linked : reply.headers.get("X-Xet-Refresh-Route").value_or("");
  }

  static Result<std::uint64_t> size_of(const HttpResponse& reply, std::string_view what) {
    if (const auto linked = reply.headers.get("X-Linked-Size")) {
      HttpResponse stated;  // parsed as strictly as a Content-Length
      stated.headers.set("Content-Length", *linked);
      if (const auto size = stated.content_length()) return *size;
    } else if (reply.status < 300) {
      if (const auto size = reply.content_length()) return *size;
    }
    return no_hub(reply, what, "does not say how long the file is");
  }

  const std::shared_ptr<HttpClient> client_;
  HfBackendOptions options_;
};

}  // namespace

std::shared_ptr<HfBackend> make_hf_backend(std::shared_ptr<HttpClient> client,
                                           HfBackendOptions options) {
  return std::make_shared<HfBackendImpl>(std::move(client), std::move(options));
}

bool is_commit_id(std::string_view text) { return is_hex(text, 40); }

}  // namespace hubdist

#include <algorithm>
#include <utility>

#include "backend/internal/hf_replies.h"
#include "backend/internal/http_object.h"
#include "backend/internal/modelscope_pages.h"
#include "backend/internal/modelscope_replies.h"
#include <hubdist/backend/hf_backend.h>
#include <hubdist/backend/modelscope_backend.h>
#include <hubdist/base/hex.h>
#include <hubdist/io/url.h>

namespace hubdist {
namespace {

using internal::ModelScopeListing;
using internal::ModelScopePage;
using internal::ModelScopeWalk;
using internal::status_of_modelscope;

constexpr std::uint64_t kMaxApiReply = 256 * kMiB;
constexpr std::string_view kDefaultRevision = "master";
constexpr std::string_view kCookie = "m_session_id";
constexpr std::size_t kPageSize = 200;
// A listing without pages that has so many entries may have been cut off there.
constexpr std::size_t kListingLimit = 3000;
constexpr std::size_t kMaxRequests = 10'000;  // for one listing
constexpr std::size_t kMaxWaitingFolders = 100'000;

bool is_cut_off(const ModelScopeListing& listing) {
  return listing.entries() == kListingLimit && listing.total != kListingLimit;
}

Status too_many_in(std::string_view what, std::string_view folder) {
  return failed_precondition(what, ": ModelScope lists no more than ", kListingLimit,
                             " entries of one folder, and '", folder,
                             "' has at least as many: name its files one by one");
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return path.substr(0, slash == path.npos ? 0 : slash);
}

class ModelScopeBackend final : public Backend {
 public:
  ModelScopeBackend(std::shared_ptr<HttpClient> client, ModelScopeBackendOptions options)
      : client_(std::move(client)), options_(std::move(options)) {
    while (options_.endpoint.ends_with('/')) options_.endpoint.pop_back();
  }

  BackendCapabilities capabilities() const override {
    return {.list = true, .ranges = true, .put = false, .revisions = true};
  }

  // By the listing of the file's folder: what a file's own answer tells of it differs from store to
  // store behind ModelScope.
  Result<ObjectInfo> stat(const Uri& uri, std::stop_token stop) override {
    HUBDIST_TRY(check(uri));
    Uri folder = uri;
    HUBDIST_ASSIGN(const std::string commit, pin(folder, stop));
    folder.path = parent_of(uri.path);
    const std::string what = format_uri(uri);
    for (ModelScopePage page;; ++page.number) {
      HUBDIST_ASSIGN(const ModelScopeListing listing,
                     ask_listing(folder, folder.path, false, page, what, stop));
      for (const ObjectEntry& file : listing.files)
        if (file.path == uri.path) return ObjectInfo{file.size, file.identity, file.etag, commit};
      const bool paged = uri.repo_type == RepoType::kDataset;
      if (!paged && is_cut_off(listing)) return too_many_in(what, folder.path);
      if (!paged || !has_next(listing, page)) break;
      if (page.number > 1 && page.first == listing.first) return same_page(what);
      page.first = listing.first;
    }
    return with_detail(not_found(what, ": no such file in this revision"), Detail::kHubError,
                       "EntryNotFound");
  }

  Result<ListPage> list(const Uri& uri, const std::string& page, std::stop_token stop) override {
    HUBDIST_TRY(check(uri));
    Uri pinned = uri;
    ListPage listed;
    HUBDIST_ASSIGN(listed.commit, pin(pinned, stop));
    while (pinned.path.ends_with('/')) pinned.path.pop_back();
    const std::string what = format_uri(uri);
    const bool paged = uri.repo_type == RepoType::kDataset;
    HUBDIST_TRY(paged ? list_page(pinned, page, what, listed, stop)
                      : walk(pinned, page, what, listed, stop));
    if (page.empty() && listed.next.empty() && listed.entries.empty() && !pinned.path.empty())
      return with_detail(not_found(what, ": no such file or folder in this revision"),
                         Detail::kHubError, "EntryNotFound");
    return listed;
  }

  Status read(const Uri& uri, ByteRange range, const BodySink& sink,
              std::stop_token stop) override {
    return read_version(uri, {}, range, sink, std::move(stop));
  }

  Status read_version(const Uri& uri, std::string_view etag, ByteRange range, const BodySink& sink,
                      std::stop_token stop) override {
    HUBDIST_TRY(check(uri));
    const std::string what = format_uri(uri);
    HUBDIST_ASSIGN(const HttpUrl hub, parse_http_url(options_.endpoint));
    const auto from_hub = [&](const HttpResponse& response) {
      const auto url = parse_http_url(response.url);
      return url.ok() && url->same_origin(hub);
    };
    const auto map_error = [&](const HttpResponse& response, std::string_view name) {
      return from_hub(response) ? status_of_modelscope(response, {}, name)
                                : internal::status_of_hub_store(response, name);
    };
    return internal::read_http_range(
        *client_, {request_for(file_url(uri)), range, etag, &sha256_of, map_error, what}, sink,
        std::move(stop));
  }

  Status put(const Uri& uri, std::uint64_t, const BodySource&, std::stop_token) override {
    return unimplemented(format_uri(uri), ": hubdist uploads nothing to ModelScope");
  }

  Result<bool> exists(const Uri& uri, std::stop_token stop) override {
    const auto info = stat(uri, std::move(stop));
    if (info.ok()) return true;
    if (info.status().code() == StatusCode::kNotFound) return false;
    return info.status();
  }

  std::string scope(const Uri& uri) const override {
    std::string_view host = options_.endpoint;
    host.remove_prefix(host.find("://") == host.npos ? 0 : host.find("://") + 3);
    return concat(host, "/", plural(uri.repo_type), "/", uri.repo);
  }

 private:
  static Status check(const Uri& uri) {
    if (uri.repo_type == RepoType::kSpace)
      return unimplemented(format_uri(uri), ": of ModelScope, models and datasets can be read");
    if (uri.repo.find('/') == uri.repo.npos)
      return invalid_argument(format_uri(uri), ": ModelScope's repositories are owner/name");
    return {};
  }

  // The field of our answers' and of ModelScope's store that names a content for certain.
  static std::string sha256_of(const HttpResponse& response) {
    const std::string etag =
        internal::normalise_etag(response.headers.get("X-Linked-Etag").value_or(""));
    return is_hex(etag, 64) ? etag : std::string();
  }

  HttpRequest request_for(std::string url) const {
    HttpRequest request;
    request.url = std::move(url);
    request.bearer = options_.token;
    if (!options_.token.empty() &&
        options_.token.reveal().find_first_of("\",;\\ ") == std::string_view::npos)
      request.headers.add("Cookie", concat(kCookie, '=', options_.token.reveal()));
    request.allow_insecure_credential = options_.allow_insecure_token;
    request.stall_timeout = options_.stall_timeout;
    return request;
  }

  Result<HttpReply> get_api(std::string url, std::string_view what, std::stop_token stop) {
    HttpRequest request = request_for(std::move(url));
    request.accept_compressed = true;
    request.redirects = Redirects::kFollowSameOrigin;  // nobody else may say what a file's hash is
    request.total_timeout = options_.metadata_timeout;
    HUBDIST_ASSIGN(HttpReply reply, client_->fetch(request, kMaxApiReply, std::move(stop)));
    HUBDIST_TRY(status_of_modelscope(reply, reply.body, what));
    return reply;
  }

  static std::string_view revision_of(const Uri& uri) {
    return uri.revision.empty() ? kDefaultRevision : std::string_view(uri.revision);
  }
  std::string repo_url(const Uri& uri, std::string_view rest) const {
    return concat(options_.endpoint, "/api/v1/", plural(uri.repo_type), "/",
                  percent_encode(uri.repo, "/"), "/", rest);
  }
  std::string file_url(const Uri& uri) const {
    return repo_url(uri, concat("repo?Revision=", percent_encode(revision_of(uri)),
                                "&FilePath=", percent_encode(uri.path)));
  }

  // Puts the commit in the place of the revision, and returns it; leaves the revision, and returns
  // nothing, where the hub does not tell.
  Result<std::string> pin(Uri& uri, std::stop_token stop) {
    if (is_commit_id(uri.revision)) return uri.revision;
    const auto reply =
        get_api(repo_url(uri, concat("commits?Ref=", percent_encode(revision_of(uri)),
                                     "&PageNumber=1&PageSize=1")),
                format_uri(uri), std::move(stop));
    const StatusCode code = reply.status().code();
    const bool knows_none = code == StatusCode::kNotFound || code == StatusCode::kInvalidArgument ||
                            code == StatusCode::kUnimplemented;
    // What else is wrong, the next request will tell better.
    if (knows_none) return std::string();
    if (!reply.ok()) return reply.status();
    const auto commit = internal::parse_modelscope_commit(reply->body);
    if (commit) uri.revision = *commit;
    return commit.value_or("");
  }

  Result<ModelScopeListing> ask_listing(const Uri& uri, std::string_view folder, bool recursive,
                                        const ModelScopePage& page, std::string_view what,
                                        std::stop_token stop) {
    const bool paged = uri.repo_type == RepoType::kDataset;
    std::string url = repo_url(uri, concat(paged ? "repo/tree" : "repo/files",
                                           "?Revision=", percent_encode(revision_of(uri)),
                                           "&Recursive=", recursive ? "True" : "False"));
    if (!folder.empty()) url += concat("&Root=", percent_encode(folder));
    if (paged) url += concat("&PageNumber=", page.number, "&PageSize=", kPageSize);
    HUBDIST_ASSIGN(const HttpReply reply, get_api(std::move(url), what, std::move(stop)));
    auto listing = internal::parse_modelscope_listing(reply.body, what);
    if (listing.ok() || listing.status().code() != StatusCode::kDataLoss) return listing;
    return with_detail(with_context(listing.status(), what), Detail::kHttpStatus,
                       std::to_string(reply.status));
  }

  static bool has_next(const ModelScopeListing& listing, const ModelScopePage& page) {
    const bool known_end = listing.total && page.number * kPageSize >= *listing.total;
    return listing.entries() >= kPageSize && !known_end;
  }

  static Status same_page(std::string_view what) {
    return data_loss(what, ": the listing gives one page again and again");
  }

  Status list_page(const Uri& uri, const std::string& token, std::string_view what,
                   ListPage& listed, std::stop_token stop) {
    HUBDIST_ASSIGN(ModelScopePage page, ModelScopePage::parse(token));
    if (page.number > kMaxRequests)
      return failed_precondition(what, ": the listing has more than ", kMaxRequests, " pages");
    HUBDIST_ASSIGN(ModelScopeListing listing,
                   ask_listing(uri, uri.path, true, page, what, std::move(stop)));
    if (page.number > 1 && listing.first == page.first && !listing.first.empty())
      return same_page(what);
    if (has_next(listing, page))
      listed.next = ModelScopePage{page.number + 1, listing.first}.token();
    listed.entries = std::move(listing.files);
    return {};
  }

  // One folder: with all below it, or, when that is cut off, what is in it itself; the folders in
  // it are then left for the next pages.
  Status walk(const Uri& uri, const std::string& token, std::string_view what, ListPage& listed,
              std::stop_token stop) {
    HUBDIST_ASSIGN(ModelScopeWalk walk, ModelScopeWalk::parse(token, uri.path));
    if (walk.folders.empty()) return {};
    const std::string folder = std::move(walk.folders.back());
    walk.folders.pop_back();
    HUBDIST_ASSIGN(ModelScopeListing listing, ask_listing(uri, folder, true, {}, what, stop));
    ++walk.requests;
    if (is_cut_off(listing)) {
      HUBDIST_ASSIGN(listing, ask_listing(uri, folder, false, {}, what, std::move(stop)));
      ++walk.requests;
      if (is_cut_off(listing)) return too_many_in(what, folder);
      HUBDIST_TRY(add_folders(folder, std::move(listing.folders), walk, what));
    }
    listed.entries = std::move(listing.files);
    listed.next = walk.token();
    return {};
  }

  static Status add_folders(std::string_view parent, std::vector<std::string> folders,
                            ModelScopeWalk& walk, std::string_view what) {
    if (walk.requests > kMaxRequests || walk.folders.size() + folders.size() > kMaxWaitingFolders)
      return failed_precondition(what, ": the listing has too many folders: name one of them");
    for (std::string& folder : folders) {
      HUBDIST_TRY(with_context(check_relative_path(folder), what));
      if (parent_of(folder) != parent)
        return data_loss(what, ": the listing of '", parent, "' names '", folder, "'");
      walk.folders.push_back(std::move(folder));
    }
    return {};
  }

  const std::shared_ptr<HttpClient> client_;
  ModelScopeBackendOptions options_;
};

}  // namespace

std::shared_ptr<Backend> make_modelscope_backend(std::shared_ptr<HttpClient> client,
                                                 ModelScopeBackendOptions options) {
  return std::make_shared<ModelScopeBackend>(std::move(client), std::move(options));
}

}  // namespace hubdist

// The bytes of files.
#include "server/internal/content_response.h"
#include "server/internal/hub_api.h"
#include <hubdist/io/http_client.h>

namespace hubdist::internal {

namespace {

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string content_disposition(std::string_view path) {
  std::string plain;
  for (const char c : base_name(path))
    plain += c >= 0x20 && c < 0x7f && c != '"' && c != '\\' ? c : '_';
  return concat("inline; filename*=UTF-8''", percent_encode(base_name(path)), "; filename=\"",
                plain, "\";");
}

// Pictures show in model cards; everything else is text or just bytes, never a page.
std::string_view content_type(const RepoEntry& entry) {
  struct Type {
    std::string_view ending;
    std::string_view type;
  };
  static constexpr Type kTypes[] = {{".png", "image/png"},   {".jpg", "image/jpeg"},
                                    {".jpeg", "image/jpeg"}, {".gif", "image/gif"},
                                    {".webp", "image/webp"}, {".pdf", "application/pdf"}};
  for (const Type& type : kTypes)
    if (entry.path.ends_with(type.ending)) return type.type;
  return entry.lfs ? "application/octet-stream" : "text/plain; charset=utf-8";
}

void add_facts(HttpServerResponse& response, const RepoEntry& entry) {
  response.headers.set("Content-Type", std::string(content_type(entry)));
  response.headers.set("Content-Disposition", content_disposition(entry.path));
  if (entry.lfs) {
    response.headers.set("X-Linked-Etag", concat('"', entry.sha256.hex(), '"'));
    response.headers.set("X-Linked-Size", std::to_string(entry.size));
  }
}

// What git holds of an LFS file.
HttpServerResponse pointer_response(const RepoEntry& entry) {
  HttpServerResponse response;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.headers.add("ETag", concat('"', entry.oid.hex(), '"'));
  response.body = lfs_pointer(entry.sha256, entry.size);
  return response;
}

}  // namespace

HubApi::Answer HubApi::content_response(const HttpServerRequest& http, const Sha256& sha256,
                                        std::string_view etag) const {
  HUBDIST_ASSIGN(auto content, contents_.open(sha256));
  return internal::content_response(http, std::move(content), etag, traffic_);
}

HubApi::Answer HubApi::file(const ApiRequest& request, const RepoRoute& route) const {
  HUBDIST_ASSIGN(const OpenRepo repo, open(route, request.viewer));
  HUBDIST_TRY(check_file_access(repo, request.viewer));
  HUBDIST_ASSIGN(const Snapshot found, snapshot(repo.storage(), route.revision));
  const RepoEntry* entry = found.listing->find(route.path);
  HttpServerResponse response;
  if (entry == nullptr || entry->is_folder()) {
    response = error_response(entry_not_found(route.path));
  } else if (route.verb == "raw" && entry->lfs) {
    response = pointer_response(*entry);
  } else {
    auto answer = content_response(request.http, entry->sha256, entry->etag());
    if (!answer.ok())
      return internal_error("the content of ", repo.id.name, " ", entry->path,
                            " cannot be read: ", message(answer.status()));
    response = *std::move(answer);
    add_facts(response, *entry);
    HUBDIST_TRY(add_xet_facts(response, request, repo, *entry));
  }
  response.headers.set("X-Repo-Commit", found.commit.id.hex());
  return response;
}

}  // namespace hubdist::internal

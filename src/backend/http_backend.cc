#include <utility>

#include "backend/internal/http_object.h"
#include <hubdist/backend/http_backend.h>

namespace hubdist {
namespace {

class HttpBackend final : public Backend {
 public:
  HttpBackend(std::shared_ptr<HttpClient> client, HttpBackendOptions options)
      : client_(std::move(client)), options_(options) {}

  BackendCapabilities capabilities() const override {
    return {.list = false, .ranges = true, .put = false, .revisions = false};
  }

  Result<ObjectInfo> stat(const Uri& uri, std::stop_token stop) override {
    const std::string what = format_uri(uri);
    HttpRequest request = request_for(uri, "HEAD");
    request.total_timeout = options_.metadata_timeout;
    HUBDIST_ASSIGN(const HttpReply head, client_->fetch(request, 0, stop));
    if (head.status == 405 || head.status == 501) return stat_by_first_byte(uri, what, stop);
    HUBDIST_TRY(status_of_http(head, what));
    const auto size = head.content_length();
    if (!size) return stat_by_first_byte(uri, what, stop);
    return ObjectInfo{.size = *size, .identity = {}, .etag = etag_of(head), .commit = {}};
  }

  Result<ListPage> list(const Uri& uri, const std::string&, std::stop_token) override {
    return unimplemented(format_uri(uri),
                         ": a plain web server cannot list its files; name one file");
  }

  Status read(const Uri& uri, ByteRange range, const BodySink& sink,
              std::stop_token stop) override {
    return internal::read_http_range(*client_, request_for(uri, "GET"), range, sink, status_of_http,
                                     format_uri(uri), stop);
  }

  Status put(const Uri& uri, std::uint64_t, const BodySource&, std::stop_token) override {
    return unimplemented(format_uri(uri), ": plain web servers take no uploads");
  }

  Result<bool> exists(const Uri& uri, std::stop_token stop) override {
    const auto info = stat(uri, stop);
    if (info.ok()) return true;
    if (info.status().code() == StatusCode::kNotFound) return false;
    return info.status();
  }

  std::string scope(const Uri& uri) const override {
    return concat(uri.scheme_text, "://", uri.authority);
  }

 private:
  HttpRequest request_for(const Uri& uri, std::string_view method) const {
    HttpRequest request;
    request.method = method;
    request.url = format_uri(uri);
    request.stall_timeout = options_.stall_timeout;
    return request;
  }

  static std::string etag_of(const HttpResponse& response) {
    return internal::normalise_etag(response.headers.get("ETag").value_or(""));
  }

  // For servers that know no HEAD, or that state no length in its answer.
  Result<ObjectInfo> stat_by_first_byte(const Uri& uri, std::string_view what,
                                        std::stop_token stop) {
    HttpRequest request = request_for(uri, "GET");
    request.headers.set("Range", "bytes=0-0");
    ObjectInfo info;
    std::optional<std::uint64_t> size;
    const auto response = client_->stream(
        request,
        [&](const HttpResponse& head) -> Status {
          info.etag = etag_of(head);
          const auto field = head.headers.get("Content-Range");
          const auto range = field ? internal::parse_content_range(*field) : std::nullopt;
          if (head.status == 206 && range) size = range->size;
          if (head.status == 200) size = head.content_length();
          return status_of_http(head, what);
        },
        [](ByteView) { return cancelled("enough"); }, stop);
    if (!size) {
      HUBDIST_TRY(response.status());
      return failed_precondition(what, ": the server does not say how long the file is");
    }
    info.size = *size;
    return info;
  }

  const std::shared_ptr<HttpClient> client_;
  const HttpBackendOptions options_;
};

}  // namespace

std::shared_ptr<Backend> make_http_backend(std::shared_ptr<HttpClient> client,
                                           HttpBackendOptions options) {
  return std::make_shared<HttpBackend>(std::move(client), options);
}

}  // namespace hubdist

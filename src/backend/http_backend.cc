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
    const std::string what = display_uri(uri);
    HttpRequest request = request_for(uri, "HEAD");
    request.total_timeout = options_.metadata_timeout;
    HUBDIST_ASSIGN(const HttpReply head, client_->fetch(request, 0, stop));
    if (refuses_head(head.status)) return stat_by_first_byte(uri, what, stop);
    HUBDIST_TRY(status_of_http(head, what));
    const auto size = head.content_length();
    if (!size) return stat_by_first_byte(uri, what, stop);
    return ObjectInfo{
        .size = *size, .identity = {}, .etag = internal::etag_field(head), .commit = {}};
  }

  Result<ListPage> list(const Uri& uri, const std::string&, std::stop_token) override {
    return unimplemented(display_uri(uri),
                         ": a plain web server cannot list its files; name one file");
  }

  Status read(const Uri& uri, ByteRange range, const BodySink& sink,
              std::stop_token stop) override {
    return read_version(uri, {}, range, sink, std::move(stop));
  }

  Status read_version(const Uri& uri, std::string_view etag, ByteRange range, const BodySink& sink,
                      std::stop_token stop) override {
    const std::string what = display_uri(uri);
    return internal::read_http_range(
        *client_,
        {request_for(uri, "GET"), range, etag, internal::etag_field, status_of_http, what}, sink,
        std::move(stop));
  }

  Status put(const Uri& uri, std::uint64_t, const BodySource&, std::stop_token) override {
    return unimplemented(display_uri(uri), ": plain web servers take no uploads");
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

  // 400 and 403: a URL that was signed for GET does not take HEAD.
  static bool refuses_head(int status) {
    return status == 400 || status == 403 || status == 405 || status == 501;
  }

  // For servers that know no HEAD, or that state no length in its answer.
  Result<ObjectInfo> stat_by_first_byte(const Uri& uri, std::string_view what,
                                        std::stop_token stop) {
    HttpRequest request = request_for(uri, "GET");
    request.headers.set("Range", "bytes=0-0");
    request.total_timeout = options_.metadata_timeout;
    ObjectInfo info;
    std::optional<std::uint64_t> size;
    const auto response = client_->stream(
        request,
        [&](const HttpResponse& head) -> Status {
          info.etag = internal::etag_field(head);
          size = size_by_first_byte(head);
          HUBDIST_TRY(size ? Status() : status_of_http(head, what));
          return size ? Status()
                      : failed_precondition(what, ": the server does not say how long the file is");
        },
        [](ByteView) { return cancelled("one byte is enough"); }, std::move(stop));
    if (!size) return response.status();
    info.size = *size;
    return info;
  }

  static std::optional<std::uint64_t> size_by_first_byte(const HttpResponse& head) {
    const auto field = head.headers.get("Content-Range");
    if (head.status == 200) return head.content_length();
    if (head.status == 416 && field == "bytes */0") return 0;  // an empty file has no first byte
    const auto range = field ? internal::parse_content_range(*field) : std::nullopt;
    return head.status == 206 && range ? range->size : std::nullopt;
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

#include "server/internal/content_response.h"

#include <hubdist/io/http_range.h>

namespace hubdist::internal {

namespace {

// The part of the content that the request asks for, by Range and If-Range.
RangeRequest requested_range(const HttpServerRequest& request, std::uint64_t size,
                             const std::string& quoted_etag) {
  const auto field = request.headers.get("Range");
  if (!field || request.method != "GET") return {};
  const auto condition = request.headers.get("If-Range");
  if (condition && *condition != quoted_etag) return {};
  return parse_range(*field, size);
}

void set_body(HttpServerResponse& response, std::shared_ptr<ObjectReader> content,
              ByteRange range) {
  if (auto file = content->file()) {
    response.body = HttpFileBody{std::move(file), range.begin, range.size()};
    return;
  }
  response.body = HttpStreamBody{
      range.size(),
      [content = std::move(content), range](MutableBytes out) mutable -> Result<std::size_t> {
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), range.size()));
        HUBDIST_ASSIGN(const std::size_t read, content->read(out.first(count), range.begin));
        range.begin += read;
        return read;
      }};
}

}  // namespace

HttpServerResponse content_response(const HttpServerRequest& request,
                                    std::shared_ptr<ObjectReader> content, std::string_view etag) {
  const std::string quoted = concat('"', etag, '"');
  const std::uint64_t size = content->size();
  HttpServerResponse response;
  response.headers.add("ETag", quoted);
  response.headers.add("Accept-Ranges", "bytes");
  const auto if_match = request.headers.get("If-Match");
  if (if_match && !etag_matches(*if_match, quoted)) {
    response.status = 412;
    return response;
  }
  const auto if_none_match = request.headers.get("If-None-Match");
  if (if_none_match && etag_matches(*if_none_match, quoted)) {
    response.status = 304;
    return response;
  }
  const RangeRequest wanted = requested_range(request, size, quoted);
  switch (wanted.kind) {
    case RangeRequest::Kind::kWhole:
      set_body(response, std::move(content), {0, size});
      break;
    case RangeRequest::Kind::kPart:
      response.status = 206;
      response.headers.add("Content-Range", content_range(wanted.range, size));
      set_body(response, std::move(content), wanted.range);
      break;
    case RangeRequest::Kind::kUnsatisfiable:
      response.status = 416;
      response.headers.add("Content-Range", concat("bytes */", size));
      break;
  }
  return response;
}

}  // namespace hubdist::internal

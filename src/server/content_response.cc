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

// Bytes of `range`, as they are asked for.
HttpStreamBody stream_of(std::shared_ptr<ObjectReader> content, ByteRange range) {
  const auto read = [content = std::move(content), range](MutableBytes out) mutable {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), range.size()));
    auto found = content->read(out.first(count), range.begin);
    if (found.ok()) range.begin += *found;
    return found;
  };
  return {range.size(), read};
}

// An answer that has begun can only break off: better to see now whether there is anything to read.
// A reader keeps what it has unpacked, so that it is not read again.
Status check_beginning(ObjectReader& content, ByteRange range) {
  std::byte first;
  return range.empty() ? Status() : content.read(MutableBytes(&first, 1), range.begin).status();
}

Status set_body(const HttpServerRequest& request, HttpServerResponse& response,
                std::shared_ptr<ObjectReader> content, ByteRange range, ContentTraffic& traffic) {
  auto file = content->file();
  response.on_sent = [&traffic, from_file = file != nullptr](std::uint64_t bytes) {
    traffic.sent += bytes;
    if (from_file) traffic.read += bytes;
  };
  if (file != nullptr) {
    response.body = HttpFileBody{std::move(file), range.begin, range.size()};
    return {};
  }
  if (request.method == "GET") HUBDIST_TRY(check_beginning(*content, range));
  response.body = stream_of(std::move(content), range);
  return {};
}

}  // namespace

Result<HttpServerResponse> content_response(const HttpServerRequest& request,
                                            std::shared_ptr<ObjectReader> content,
                                            std::string_view etag, ContentTraffic& traffic) {
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
      HUBDIST_TRY(set_body(request, response, std::move(content), {0, size}, traffic));
      break;
    case RangeRequest::Kind::kPart:
      response.status = 206;
      response.headers.add("Content-Range", content_range(wanted.range, size));
      HUBDIST_TRY(set_body(request, response, std::move(content), wanted.range, traffic));
      break;
    case RangeRequest::Kind::kUnsatisfiable:
      response.status = 416;
      response.headers.add("Content-Range", concat("bytes */", size));
      break;
  }
  return response;
}

}  // namespace hubdist::internal

// A content as an answer to GET or HEAD: ranges and conditions (RFC 9110, sections 13 and 14).
#pragma once

#include <memory>
#include <string>

#include "server/internal/contents.h"
#include <hubdist/io/http_server.h>
#include <hubdist/store/object_store.h>

namespace hubdist::internal {

// `etag`: strong, without quotes. Answers 200, 206, 304, 412 or 416; the caller adds what else the
// client should know. What is sent is counted in `traffic`, and what is sent from a file of its own
// as read, too. An error when the beginning of what is asked for cannot be read.
Result<HttpServerResponse> content_response(const HttpServerRequest& request,
                                            std::shared_ptr<ObjectReader> content,
                                            std::string_view etag, ContentTraffic& traffic);

}  // namespace hubdist::internal

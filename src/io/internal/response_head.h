// The text before an HTTP response's body.
#pragma once

#include <optional>
#include <string>

#include <hubdist/io/http_server.h>

namespace hubdist::internal {

// How the end of a body is told.
enum class BodyFraming { kNone, kLength, kChunked, kUntilClose };

struct ResponseHead {
  std::string text;
  BodyFraming framing = BodyFraming::kNone;
  std::optional<std::uint64_t> length;  // of the body, where it is known
  bool keep_alive = true;
};

struct HeadContext {
  bool is_head = false;    // the request was HEAD
  bool http_1_0 = false;   // no chunks
  bool keep_alive = true;  // the client's wish, and the server's
  std::string_view date;   // IMF-fixdate
};

ResponseHead make_response_head(const HttpServerResponse& response, const HeadContext& context);

std::string_view reason_phrase(int status);
// "404 Not Found" as text.
HttpServerResponse plain_answer(int status);
// The time of day as HTTP writes it: "Tue, 15 Nov 1994 08:12:31 GMT".
std::string http_date(WallTime time);

}  // namespace hubdist::internal

// What the backends that speak HTTP share: asking for a file's facts and for a range of its bytes.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include <hubdist/backend/backend.h>
#include <hubdist/io/http_client.h>

namespace hubdist::internal {

// Turns an answer that is not a success into a Status; `what` names the thing that was asked.
using ErrorMapper = std::function<Status(const HttpResponse&, std::string_view what)>;

// The normalised etag of the object that an answer is about; empty where it does not say.
using EtagOf = std::function<std::string(const HttpResponse&)>;

struct RangeRead {
  HttpRequest request;
  ByteRange range;
  std::string_view etag;  // of the object that is wanted; empty: any
  EtagOf etag_of;
  ErrorMapper map_error;
  std::string_view what;
};

// Streams exactly the range into `sink`. A server that ignores ranges and answers with the whole is
// understood: what lies before the range is skipped, what lies behind it is not waited for. Another
// object than wanted is Aborted; another range than asked, or more bytes, is DataLoss; fewer is
// Unavailable.
Status read_http_range(HttpClient& client, RangeRead read, const BodySink& sink,
                       std::stop_token stop);

// The etag of an answer's own ETag field.
std::string etag_field(const HttpResponse& response);

// An etag without its W/ and quotes.
std::string normalise_etag(std::string_view etag);

// The three numbers of "bytes begin-last/size"; size is absent when the server says '*'.
struct ContentRange {
  ByteRange range;
  std::optional<std::uint64_t> size;
};
std::optional<ContentRange> parse_content_range(std::string_view field);

}  // namespace hubdist::internal

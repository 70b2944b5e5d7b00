#include "io/internal/response_head.h"

#include <array>
#include <ctime>

#include <hubdist/base/strings.h>

namespace hubdist::internal {

namespace {

struct Reason {
  int status;
  std::string_view phrase;
};
constexpr Reason kReasons[] = {{200, "OK"},
                               {201, "Created"},
                               {202, "Accepted"},
                               {204, "No Content"},
                               {206, "Partial Content"},
                               {301, "Moved Permanently"},
                               {302, "Found"},
                               {303, "See Other"},
                               {304, "Not Modified"},
                               {307, "Temporary Redirect"},
                               {308, "Permanent Redirect"},
                               {400, "Bad Request"},
                               {401, "Unauthorized"},
                               {403, "Forbidden"},
                               {404, "Not Found"},
                               {405, "Method Not Allowed"},
                               {408, "Request Timeout"},
                               {409, "Conflict"},
                               {410, "Gone"},
                               {411, "Length Required"},
                               {412, "Precondition Failed"},
                               {413, "Content Too Large"},
                               {414, "URI Too Long"},
                               {415, "Unsupported Media Type"},
                               {416, "Range Not Satisfiable"},
                               {417, "Expectation Failed"},
                               {422, "Unprocessable Content"},
                               {425, "Too Early"},
                               {429, "Too Many Requests"},
                               {431, "Request Header Fields Too Large"},
                               {500, "Internal Server Error"},
                               {501, "Not Implemented"},
                               {502, "Bad Gateway"},
                               {503, "Service Unavailable"},
                               {504, "Gateway Timeout"},
                               {507, "Insufficient Storage"}};

// Nothing that a handler puts into a field may end it: control characters become '?'.
void append_field_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += (byte < 0x20 && c != '\t') || byte == 0x7f ? '?' : c;
  }
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  append_field_text(out, name);
  out += ": ";
  append_field_text(out, value);
  out += "\r\n";
}

bool is_servers_own(std::string_view name) {
  for (const std::string_view own : {"content-length", "transfer-encoding", "connection", "date"})
    if (equal_ignoring_case(name, own)) return true;
  return false;
}

std::optional<std::uint64_t> body_length(const HttpServerResponse& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return text->size();
  if (const auto* file = std::get_if<HttpFileBody>(&response.body)) return file->size;
  return std::get<HttpStreamBody>(response.body).size;
}

}  // namespace

std::string_view reason_phrase(int status) {
  for (const Reason& reason : kReasons)
    if (reason.status == status) return reason.phrase;
  return "Unknown";
}

HttpServerResponse plain_answer(int status) {
  HttpServerResponse response;
  response.status = status;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.body = concat(status, ' ', reason_phrase(status), '\n');
  return response;
}

std::string http_date(WallTime time) {
  const std::time_t when = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 64> text;  // names of our own: strftime would follow the locale
  const int length = std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                   kDays[parts.tm_wday], parts.tm_mday, kMonths[parts.tm_mon],
                                   parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return {text.data(), static_cast<std::size_t>(length)};
}

ResponseHead make_response_head(const HttpServerResponse& response, const HeadContext& context) {
  ResponseHead head;
  head.keep_alive = context.keep_alive && !response.close;
  head.length = body_length(response);
  const bool bodiless = response.status < 200 || response.status == 204 || response.status == 304;
  if (!bodiless) {
    if (head.length)
      head.framing = BodyFraming::kLength;
    else if (context.http_1_0)
      head.framing = BodyFraming::kUntilClose;
    else
      head.framing = BodyFraming::kChunked;
  }
  if (head.framing == BodyFraming::kUntilClose) head.keep_alive = false;

  head.text = concat("HTTP/1.1 ", response.status, ' ', reason_phrase(response.status), "\r\n");
  append_field(head.text, "Date", context.date);
  if (head.framing == BodyFraming::kLength)
    append_field(head.text, "Content-Length", std::to_string(*head.length));
  if (head.framing == BodyFraming::kChunked)
    append_field(head.text, "Transfer-Encoding", "chunked");
  if (!head.keep_alive)
    append_field(head.text, "Connection", "close");
  else if (context.http_1_0)
    append_field(head.text, "Connection", "keep-alive");
  for (const auto& [name, value] : response.headers.fields())
    if (!is_servers_own(name)) append_field(head.text, name, value);
  head.text += "\r\n";

  if (context.is_head) head.framing = BodyFraming::kNone;
  return head;
}

}  // namespace hubdist::internal

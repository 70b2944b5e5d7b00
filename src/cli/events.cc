#include "cli/events.h"

#include <cstdio>

#include <hubdist/base/strings.h>

namespace hubdist::cli {

void print_event(const JsonWriter& json) {
  const std::string line = concat(json.text(), '\n');
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

void print_error_event(const Status& status) {
  JsonWriter json;
  json.begin_object().field("event", "error");
  json.field("code", absl::StatusCodeToString(status.code()));
  json.field("message", message(status));
  if (const auto hub_error = detail(status, Detail::kHubError)) json.field("hub_error", *hub_error);
  json.field("interrupted", status.code() == StatusCode::kCancelled);
  print_event(json.end_object());
}

}  // namespace hubdist::cli

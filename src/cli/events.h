// JSON events: one object a line on standard output, as docs/command-line.md specifies them.
#pragma once

#include <hubdist/base/json_writer.h>
#include <hubdist/base/status.h>

namespace hubdist::cli {

void print_event(const JsonWriter& json);
// {"event":"error",...}
void print_error_event(const Status& status);

}  // namespace hubdist::cli

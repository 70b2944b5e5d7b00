// Text as Python's json module writes it.
#pragma once

#include <string>
#include <string_view>

namespace hubdist::internal {

// A JSON string in quotes, with \uXXXX for everything but printable ASCII. `text` is valid UTF-8.
std::string python_json_string(std::string_view text);

}  // namespace hubdist::internal

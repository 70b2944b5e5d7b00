// What the terminal at standard output can show.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hubdist::cli {

struct TextStyle {
  bool color = false;     // ANSI colours
  bool unicode = false;   // block elements; else ASCII
  std::size_t width = 0;  // columns; 0: no end (not a terminal)
};

// For standard output: plain where it is no terminal or TERM is "dumb"; NO_COLOR takes the colours
// away; block elements need a UTF-8 locale.
TextStyle stdout_style();

// Columns that `text`, UTF-8 without control characters, takes on a terminal.
std::size_t display_width(std::string_view text);
// `text` broken at spaces into lines of at most `width` columns (0: one line), each begun with
// `indent` spaces and ended with a newline. A longer word has a line of its own.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);

}  // namespace hubdist::cli

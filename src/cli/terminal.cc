#include "cli/terminal.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

namespace hubdist::cli {
namespace {

struct Span {
  std::uint32_t first;
  std::uint32_t last;
};

// East Asian wide and fullwidth characters and emoji (Unicode 15, annex 11), in coarse blocks.
constexpr std::array<Span, 9> kWide = {{{0x1100, 0x115f},
                                        {0x2e80, 0xa4cf},
                                        {0xac00, 0xd7a3},
                                        {0xf900, 0xfaff},
                                        {0xfe30, 0xfe6f},
                                        {0xff00, 0xff60},
                                        {0xffe0, 0xffe6},
                                        {0x1f300, 0x1faff},
                                        {0x20000, 0x3fffd}}};
constexpr std::array<Span, 4> kCombining = {
    {{0x300, 0x36f}, {0x200b, 0x200d}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}}};

bool lies_in(std::uint32_t code, const auto& spans) {
  return std::any_of(spans.begin(), spans.end(),
                     [&](const Span& span) { return span.first <= code && code <= span.last; });
}

std::size_t width_of(std::uint32_t code) {
  if (lies_in(code, kCombining)) return 0;
  return lies_in(code, kWide) ? 2 : 1;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The first of these that is set names the character set, as setlocale() has it.
bool utf8_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value = environment(name);
    if (value.empty()) continue;
    std::transform(value.begin(), value.end(), value.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return value.find("utf-8") != value.npos || value.find("utf8") != value.npos;
  }
  return false;
}

}  // namespace

TextStyle stdout_style() {
  TextStyle style;
  const std::string terminal = environment("TERM");
  if (isatty(STDOUT_FILENO) != 1) return style;
  static constexpr std::size_t kDefaultWidth = 80;
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  style.width = known ? size.ws_col : kDefaultWidth;
  if (terminal.empty() || terminal == "dumb") return style;
  style.color = environment("NO_COLOR").empty();
  style.unicode = utf8_locale();
  return style;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  std::uint32_t code = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80)
      code = byte;
    else if (byte < 0xc0)
      code = code << 6 | (byte & 0x3fu);
    else
      code = byte & (byte >= 0xf0 ? 0x07u : byte >= 0xe0 ? 0x0fu : 0x1fu);
    const bool last =
        i + 1 == text.size() || (static_cast<unsigned char>(text[i + 1]) & 0xc0) != 0x80;
    if (last) width += width_of(code);
  }
  return width;
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  const std::string margin(indent, ' ');
  std::string out;
  std::string line;
  const auto flush = [&] {
    if (!line.empty()) out += margin + line + '\n';
    line.clear();
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    if (word.empty()) continue;
    const std::size_t needed = indent + display_width(line) + 1 + display_width(word);
    if (width > 0 && !line.empty() && needed > width) flush();
    if (!line.empty()) line += ' ';
    line += word;
  }
  flush();
  return out;
}

}  // namespace hubdist::cli

#include "core/report/markup.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

#include <hubdist/base/json_writer.h>
#include <hubdist/base/quantity.h>
#include <hubdist/base/strings.h>

namespace hubdist::report {
namespace {

// The character at the front of well-formed UTF-8 and its length in bytes.
struct Character {
  std::uint32_t code = 0;
  std::size_t length = 1;
};

// U+FFFD of length 1 when the front is not well-formed.
Character first_character(std::string_view text) {
  static constexpr Character kWrong = {0xfffd, 1};
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (text.size() < length || !is_utf8(text.substr(0, length))) return kWrong;
  std::uint32_t code = lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i)
    code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  return {code, length};
}

bool turns_direction(std::uint32_t code) {
  return code == 0x61c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string code_point(std::uint32_t code) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "<U+%04X>", static_cast<unsigned>(code));
  return text.data();
}

// U+2400 to U+241F and U+2421 picture the ASCII controls.
std::string control_picture(std::uint32_t code) {
  const std::uint32_t low = code == 0x7f ? 0x21 : code;
  return concat("\xe2\x90", static_cast<char>(0x80 + low));
}

bool unfit_for_xml(std::uint32_t code) { return (code & 0xfffe) == 0xfffe; }  // noncharacters

}  // namespace

std::string visible_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [code, length] = first_character(text);
    const bool wrong = code == 0xfffd || unfit_for_xml(code);
    if (code < 0x20 || code == 0x7f) {
      out += control_picture(code);
    } else if ((code >= 0x80 && code < 0xa0) || turns_direction(code) || code == 0x2028 ||
               code == 0x2029) {
      out += code_point(code);
    } else {
      out += wrong ? std::string_view("\xef\xbf\xbd") : text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : visible_text(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string shortened(std::string_view text, std::size_t most, Keep keep) {
  std::vector<std::size_t> starts;  // of each character
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) starts.push_back(i);
  if (starts.size() <= most || most < 5) return std::string(text);
  // More of the end than of the beginning: that is where names differ.
  const std::size_t head = keep == Keep::kStart ? most - 3 : (most - 3) / 3;
  const std::size_t tail = most - 3 - head;
  const std::string_view end = tail == 0 ? "" : text.substr(starts[starts.size() - tail]);
  return concat(text.substr(0, starts[head]), "...", end);
}

std::string script_safe(std::string json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else if (c == '>') {
      out += "\\u003e";
    } else if (c == '&') {
      out += "\\u0026";
    } else {
      out += c;
    }
  }
  return out;
}

std::string ratio_text(const DedupeNumbers& numbers) {
  if (numbers.xet_upload == 0) return "\xe2\x80\x93";
  const double ratio = numbers.ratio();
  if (ratio >= 99.95)
    return concat(format_integer(static_cast<std::uint64_t>(ratio + 0.5)), "\xc3\x97");
  return concat(format_fixed(ratio, ratio < 9.995 ? 2 : 1), "\xc3\x97");
}

std::string percent_text(std::uint64_t part, std::uint64_t whole) {
  if (part == 0 || whole == 0) return "0 %";
  const double percent = 100 * static_cast<double>(part) / static_cast<double>(whole);
  if (percent < 0.01) return "<0.01 %";
  // All but a little is not all.
  if (part < whole && percent > 99.9) return ">99.9 %";
  return concat(format_fixed(percent, percent < 1 ? 2 : percent < 9.95 ? 1 : 0), " %");
}

std::string coordinate(double value) {
  std::string text = format_fixed(value, 2);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string file_title(const DedupeVersion& version, const DedupeFile& file) {
  if (version.files.size() > 1) return file.path;
  const bool same = version.name == "-" || version.name.ends_with(file.path);
  return same ? version.name : concat(version.name, " / ", file.path);
}

std::vector<std::string> short_names(const DedupeReport& report) {
  std::vector<std::string> full;
  std::vector<std::string> last;
  for (const DedupeVersion& version : report.versions) {
    std::string_view name = version.name;
    full.emplace_back(name);
    while (name.size() > 1 && name.ends_with('/')) name.remove_suffix(1);
    // A revision tells the versions of one repository apart: it stays with the name before it.
    last.emplace_back(name.substr(name.rfind('/') + 1));
  }
  const bool apart = std::set<std::string>(last.begin(), last.end()).size() == last.size();
  return apart ? last : full;
}

std::string layout_text(const DedupeFile& file, std::size_t most_names) {
  if (file.regions.empty()) return {};
  if (file.numbers.new_bytes < file.numbers.size) return describe_changes(file, most_names);
  std::string out;
  for (const RegionKind kind : {RegionKind::kTensor, RegionKind::kRowGroup, RegionKind::kColumn,
                                RegionKind::kTable, RegionKind::kIndex}) {
    const auto count = static_cast<std::uint64_t>(
        std::count_if(file.regions.begin(), file.regions.end(),
                      [&](const RegionReport& r) { return r.region.kind == kind; }));
    if (count == 0) continue;
    const std::string noun = kind == RegionKind::kIndex && count > 1 ? "indice"
                             : kind == RegionKind::kColumn           ? "column chunk"
                                                                     : std::string(name(kind));
    out += concat(out.empty() ? "" : ", ", format_count(count, noun));
  }
  return out;
}

}  // namespace hubdist::report

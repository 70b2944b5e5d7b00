#include <algorithm>
#include <charconv>

#include <hubdist/base/strings.h>
#include <hubdist/io/http_headers.h>
#include <hubdist/io/http_range.h>

namespace hubdist {

namespace {

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// A decimal number; one too large for 64 bits counts as the largest.
std::optional<std::uint64_t> number(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? value : ~std::uint64_t{0};
}

std::string_view without_weakness(std::string_view etag) {
  return etag.starts_with("W/") ? etag.substr(2) : etag;
}

}  // namespace

RangeRequest parse_range(std::string_view field, std::uint64_t size) {
  using Kind = RangeRequest::Kind;
  field = trim(field);
  const std::size_t equals = field.find('=');
  if (equals == std::string_view::npos ||
      !equal_ignoring_case(trim(field.substr(0, equals)), "bytes"))
    return {};
  const std::string_view spec = trim(field.substr(equals + 1));
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view first_text = trim(spec.substr(0, dash));
  const std::string_view last_text = trim(spec.substr(dash + 1));

  if (first_text.empty()) {
    const auto suffix = number(last_text);
    if (!suffix) return {};
    if (*suffix == 0 || size == 0) return {Kind::kUnsatisfiable, {}};
    return {Kind::kPart, {size - std::min(size, *suffix), size}};
  }
  const auto first = number(first_text);
  if (!first) return {};
  std::uint64_t end = size;
  if (!last_text.empty()) {
    const auto last = number(last_text);
    if (!last || *last < *first) return {};
    if (*last < size) end = *last + 1;
  }
  if (*first >= size) return {Kind::kUnsatisfiable, {}};
  return {Kind::kPart, {*first, end}};
}

std::string content_range(ByteRange range, std::uint64_t size) {
  return concat("bytes ", range.begin, '-', range.end - 1, '/', size);
}

bool etag_matches(std::string_view list, std::string_view etag) {
  if (trim(list) == "*") return true;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (without_weakness(trim(list.substr(0, comma))) == without_weakness(etag)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace hubdist

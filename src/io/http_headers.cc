#include <algorithm>

#include <hubdist/io/http_headers.h>

namespace hubdist {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// The text up to `end`, which does not count inside a quoted string; takes it and `end` off `rest`.
std::string_view take_until(std::string_view& rest, std::string_view ends) {
  bool quoted = false;
  std::size_t i = 0;
  for (; i < rest.size(); ++i) {
    if (quoted && rest[i] == '\\')
      ++i;
    else if (rest[i] == '"')
      quoted = !quoted;
    else if (!quoted && ends.find(rest[i]) != ends.npos)
      break;
  }
  i = std::min(i, rest.size());
  const std::string_view taken = rest.substr(0, i);
  rest.remove_prefix(i);
  return taken;
}

std::string unquote(std::string_view text) {
  text = trim(text);
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string out;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) ++i;
    out.push_back(text[i]);
  }
  return out;
}

// Whether `relation` is one of the relations, parted by spaces, in rel="...".
bool names_relation(std::string_view value, std::string_view relation) {
  while (!value.empty()) {
    const std::size_t end = std::min(value.find(' '), value.size());
    if (equal_ignoring_case(value.substr(0, end), relation)) return true;
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return false;
}

// Whether a parameter of a link, such as `rel="next"`, is the first `rel` and names `relation`.
bool parameters_name(std::string_view parameters, std::string_view relation) {
  while (!parameters.empty()) {
    parameters.remove_prefix(1);  // ';'
    const std::string_view parameter = take_until(parameters, ";");
    const std::size_t equals = parameter.find('=');
    if (equals == parameter.npos) continue;
    if (!equal_ignoring_case(trim(parameter.substr(0, equals)), "rel")) continue;
    return names_relation(unquote(parameter.substr(equals + 1)), relation);
  }
  return false;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

void HttpHeaders::set(std::string_view name, std::string value) {
  remove(name);
  fields_.emplace_back(std::string(name), std::move(value));
}

void HttpHeaders::remove(std::string_view name) {
  std::erase_if(fields_, [&](const auto& f) { return equal_ignoring_case(f.first, name); });
}

std::optional<std::string> HttpHeaders::get(std::string_view name) const {
  for (const auto& [key, value] : fields_)
    if (equal_ignoring_case(key, name)) return value;
  return std::nullopt;
}

std::optional<std::string> link_target(std::string_view link_field, std::string_view relation) {
  while (true) {
    const std::size_t open = link_field.find('<');
    const std::size_t close = link_field.find('>', open);
    if (open == link_field.npos || close == link_field.npos) return std::nullopt;
    const std::string_view target = link_field.substr(open + 1, close - open - 1);
    link_field.remove_prefix(close + 1);
    const std::string_view parameters = take_until(link_field, ",");
    const std::size_t first = std::min(parameters.find(';'), parameters.size());
    if (parameters_name(parameters.substr(first), relation)) return std::string(target);
  }
}

}  // namespace hubdist

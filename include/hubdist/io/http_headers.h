// HTTP header fields: an ordered list whose names ignore case.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hubdist {

class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<std::pair<std::string, std::string>> fields)
      : fields_(fields) {}
  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  // Replaces every field of that name.
  void set(std::string_view name, std::string value);
  void remove(std::string_view name);
  // The first value of that name.
  std::optional<std::string> get(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }
  void clear() { fields_.clear(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// Whether two ASCII texts are equal without regard to case.
bool equal_ignoring_case(std::string_view a, std::string_view b);
// The URL of rel="..." in a Link field (RFC 8288): `<url>; rel="next", ...`.
std::optional<std::string> link_target(std::string_view link_field, std::string_view relation);

}  // namespace hubdist

// Joining text: the one place where hubdist builds a string from parts.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace hubdist {

namespace internal {
inline void append_part(std::string& out, std::string_view part) { out.append(part); }
inline void append_part(std::string& out, char part) { out.push_back(part); }
template <std::integral T>
requires(!std::same_as<T, char> && !std::same_as<T, bool>) void append_part(std::string& out,
                                                                            T part) {
  out += std::to_string(part);
}
}  // namespace internal

// The parts (text, characters, integers) one after another.
template <typename... Parts>
std::string concat(const Parts&... parts) {
  std::string out;
  (internal::append_part(out, parts), ...);
  return out;
}

}  // namespace hubdist

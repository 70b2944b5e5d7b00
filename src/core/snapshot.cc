#include <algorithm>

#include "core/internal/text.h"
#include <hubdist/core/snapshot.h>

namespace hubdist {
namespace {

constexpr std::size_t kMaxPath = 4096;
constexpr std::size_t kMaxSegment = 255;  // NAME_MAX of every file system in use

std::string_view fault_of_segment(std::string_view segment) {
  if (segment.empty()) return "it has an empty segment";
  if (segment == "." || segment == "..") return "a \".\" or \"..\" segment could leave the folder";
  if (segment.size() > kMaxSegment) return "a segment is longer than 255 bytes";
  return {};
}

std::string_view fault_of_path(std::string_view path) {
  if (path.empty()) return "it is empty";
  if (path.front() == '/') return "it is absolute";
  if (path.size() > kMaxPath) return "it is longer than 4,096 bytes";
  if (path.find('\0') != path.npos) return "it holds a NUL byte";
  if (path.find('\\') != path.npos) return "it holds a backslash";
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (const auto fault = fault_of_segment(path.substr(begin, end - begin)); !fault.empty())
      return fault;
    begin = end + 1;
  }
  return {};
}

}  // namespace

Status check_relative_path(std::string_view path) {
  const std::string_view fault = fault_of_path(path);
  if (fault.empty()) return {};
  return invalid_argument("'", internal::printable(path), "' is refused as a file's path: ", fault);
}

}  // namespace hubdist

#include "server/internal/git_patterns.h"

#include <algorithm>
#include <optional>

#include <hubdist/core/glob.h>

namespace hubdist::internal {

namespace {

std::string_view next_segment(std::string_view& path) {
  const std::size_t slash = path.find('/');
  const std::string_view segment = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  return segment;
}

// A pattern with '/' against a whole path, segment by segment. What follows a '**' is tried at
// each folder in turn, back to the last '**' alone: where those before it matched first leaves
// most to it, so that the cost is at most the product of the two lengths.
bool path_match(std::string_view pattern, std::string_view path) {
  std::optional<std::string_view> after_stars;
  std::string_view tried;  // where `after_stars` was tried last
  while (true) {
    if (pattern.empty() && path.empty()) return true;
    std::string_view rest = pattern;
    const std::string_view segment = next_segment(rest);
    if (!pattern.empty() && path.empty()) return false;
    if (segment == "**") {
      if (rest.empty()) return true;
      after_stars = pattern = rest;
      tried = path;
    } else if (!pattern.empty() && glob_match(segment, next_segment(path))) {
      pattern = rest;
    } else {
      if (!after_stars) return false;
      next_segment(tried);
      pattern = *after_stars;
      path = tried;
    }
  }
}

}  // namespace

bool match_git_pattern(std::string_view pattern, std::string_view path) {
  if (pattern.find('/') != std::string_view::npos)
    return path_match(pattern.front() == '/' ? pattern.substr(1) : pattern, path);
  const std::size_t slash = path.rfind('/');
  return glob_match(pattern, slash == std::string_view::npos ? path : path.substr(slash + 1));
}

GitIgnore GitIgnore::parse(std::string_view gitignore) {
  GitIgnore ignore;
  while (!gitignore.empty() && ignore.rules_.size() < kMaxIgnoreRules) {
    const std::size_t end = std::min(gitignore.find('\n'), gitignore.size());
    std::string_view line = gitignore.substr(0, end);
    gitignore.remove_prefix(std::min(end + 1, gitignore.size()));
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r') && !line.ends_with("\\ "))
      line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    Rule rule;
    if (line.front() == '!') {
      rule.ignores = false;
      line.remove_prefix(1);
    } else if (line.starts_with("\\#") || line.starts_with("\\!")) {
      line.remove_prefix(1);
    }
    if (line.ends_with('/')) {
      rule.only_folders = true;
      line.remove_suffix(1);
    }
    rule.pattern = line;
    ignore.pattern_bytes_ += line.size();
    if (!line.empty()) ignore.rules_.push_back(std::move(rule));
  }
  return ignore;
}

// What lies in an ignored folder cannot be taken back (gitignore(5)).
bool GitIgnore::ignores(std::string_view path) const {
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1))
    if (last_word(path.substr(0, slash), true)) return true;
  return last_word(path, false);
}

bool GitIgnore::last_word(std::string_view path, bool is_folder) const {
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule)
    if ((is_folder || !rule->only_folders) && match_git_pattern(rule->pattern, path))
      return rule->ignores;
  return false;
}

}  // namespace hubdist::internal

#include <algorithm>
#include <optional>

#include "server/internal/git_patterns.h"
#include <hubdist/base/strings.h>
#include <hubdist/server/lfs_rules.h>

namespace hubdist {

namespace {

constexpr std::string_view kDefaultPatterns[] = {"*.7z",          "*.arrow",
                                                 "*.bin",         "*.bz2",
                                                 "*.ckpt",        "*.ftz",
                                                 "*.gz",          "*.h5",
                                                 "*.joblib",      "*.lfs.*",
                                                 "*.mlmodel",     "*.model",
                                                 "*.msgpack",     "*.npy",
                                                 "*.npz",         "*.onnx",
                                                 "*.ot",          "*.parquet",
                                                 "*.pb",          "*.pickle",
                                                 "*.pkl",         "*.pt",
                                                 "*.pth",         "*.rar",
                                                 "*.safetensors", "saved_model/**/*",
                                                 "*.tar.*",       "*.tar",
                                                 "*.tflite",      "*.tgz",
                                                 "*.wasm",        "*.xz",
                                                 "*.zip",         "*.zst",
                                                 "*tfevents*",    "*.gguf"};

// Cuts the first word off `line`; a word in double quotes is taken whole.
std::string take_word(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(" \t\r"), line.size());
  line.remove_prefix(begin);
  std::string word;
  if (!line.empty() && line.front() == '"') {
    std::size_t i = 1;
    for (; i < line.size() && line[i] != '"'; ++i) {
      if (line[i] == '\\' && i + 1 < line.size()) ++i;
      word += line[i];
    }
    line.remove_prefix(std::min(i + 1, line.size()));
    return word;
  }
  const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
  word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

// What an attribute says about the filter, if anything.
std::optional<bool> filter_of(std::string_view attribute) {
  if (attribute == "filter=lfs") return true;
  if (attribute == "-filter" || attribute == "!filter" || attribute.starts_with("filter="))
    return false;
  return std::nullopt;
}

}  // namespace

LfsRules LfsRules::defaults() {
  LfsRules rules;
  for (const std::string_view pattern : kDefaultPatterns)
    rules.rules_.push_back({std::string(pattern), true});
  return rules;
}

LfsRules LfsRules::parse(std::string_view gitattributes) {
  LfsRules rules;
  while (!gitattributes.empty() && rules.rules_.size() < kMaxLfsRules) {
    const std::size_t end = std::min(gitattributes.find('\n'), gitattributes.size());
    std::string_view line = gitattributes.substr(0, end);
    gitattributes.remove_prefix(std::min(end + 1, gitattributes.size()));
    std::string pattern = take_word(line);
    if (pattern.empty() || pattern.front() == '#' || pattern.front() == '!') continue;
    std::optional<bool> filter;
    while (true) {
      const std::string attribute = take_word(line);
      if (attribute.empty()) break;
      if (const auto said = filter_of(attribute)) filter = said;
    }
    if (filter) rules.rules_.push_back({std::move(pattern), *filter});
  }
  return rules;
}

std::string LfsRules::gitattributes() const {
  std::string text;
  for (const Rule& rule : rules_)
    text +=
        concat(rule.pattern, rule.lfs ? " filter=lfs diff=lfs merge=lfs -text\n" : " -filter\n");
  return text;
}

bool LfsRules::is_lfs(std::string_view path, std::uint64_t size) const {
  if (size == 0) return false;
  if (size > kMaxRegularFile) return true;
  const auto last = std::find_if(rules_.rbegin(), rules_.rend(), [&](const Rule& rule) {
    return internal::match_git_pattern(rule.pattern, path);
  });
  return last != rules_.rend() && last->lfs;
}

}  // namespace hubdist

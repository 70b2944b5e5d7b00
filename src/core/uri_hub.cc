#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/internal/text.h"
#include "core/internal/uri_parts.h"
#include <hubdist/core/snapshot.h>

namespace hubdist {
namespace {

constexpr std::array<RepoType, 3> kRepoTypes = {RepoType::kModel, RepoType::kDataset,
                                                RepoType::kSpace};

}  // namespace

std::string_view name(RepoType type) {
  switch (type) {
    case RepoType::kModel:
      return "model";
    case RepoType::kDataset:
      return "dataset";
    case RepoType::kSpace:
      return "space";
  }
  return "model";
}

std::string_view plural(RepoType type) {
  switch (type) {
    case RepoType::kModel:
      return "models";
    case RepoType::kDataset:
      return "datasets";
    case RepoType::kSpace:
      return "spaces";
  }
  return "models";
}

Result<RepoType> parse_repo_type(std::string_view text) {
  for (const RepoType type : kRepoTypes)
    if (text == name(type) || text == plural(type)) return type;
  return invalid_argument("'", internal::printable(text),
                          "' is no kind of repository; there are model, dataset and space");
}

namespace internal {
namespace {

bool is_type_word(std::string_view text) {
  return std::any_of(kRepoTypes.begin(), kRepoTypes.end(),
                     [text](RepoType type) { return text == plural(type); });
}

Status at_in_path() {
  return invalid_argument(
      "'@' introduces a revision, right after the repository (owner/name@revision/path); inside a "
      "revision or a path it is written %40");
}

// Takes the text up to the next '/' off the front, and that '/'.
std::string_view take_segment(std::string_view& text) {
  const std::string_view segment = text.substr(0, text.find('/'));
  text.remove_prefix(std::min(text.size(), segment.size() + 1));
  return segment;
}

bool is_word(char c) { return is_alpha(c) || is_digit(c) || c == '_'; }

Status check_repo_segment(Scheme scheme, std::string_view segment) {
  constexpr std::size_t kMaxRepoSegment = 96;
  if (segment.empty()) return invalid_argument("it names no repository (owner/name or name)");
  if (segment.size() > kMaxRepoSegment)
    return invalid_argument("an owner or repository is longer than ", kMaxRepoSegment,
                            " characters");
  const bool allowed = std::all_of(segment.begin(), segment.end(),
                                   [](char c) { return is_word(c) || c == '-' || c == '.'; });
  if (!allowed || segment == "." || segment == "..")
    return invalid_argument("an owner or repository has letters, digits, '-', '_' and '.' only");
  if (scheme != Scheme::kHf) return {};
  // What the Hugging Face Hub and the folder names of its cache demand besides.
  if (!is_word(segment.front()) || !is_word(segment.back()) || segment.find("--") != segment.npos ||
      segment.find("..") != segment.npos || segment.ends_with(".git"))
    return invalid_argument(
        "an owner or repository neither begins nor ends with '-' or '.', holds no \"--\" or "
        "\"..\" and does not end in .git");
  return {};
}

// What stands before the revision or, without one, up to the path: [type/] owner/name or name.
Status parse_repo(std::string_view& rest, Uri& uri) {
  std::string_view first = take_segment(rest);
  if (is_type_word(first)) {
    if (rest.empty()) return invalid_argument("it names a kind of repository, but no repository");
    HUBDIST_ASSIGN(uri.repo_type, parse_repo_type(first));
    first = take_segment(rest);
  } else if (uri.scheme == Scheme::kHf && !rest.empty() &&
             (first == "kernels" || first == "buckets")) {
    return unimplemented(first,
                         " of the Hugging Face Hub are not supported; models, datasets and "
                         "spaces are");
  }
  HUBDIST_TRY(check_repo_segment(uri.scheme, first));
  uri.repo = first;
  if (rest.empty()) return {};
  const std::string_view second = take_segment(rest);
  HUBDIST_TRY(check_repo_segment(uri.scheme, second));
  uri.repo += concat('/', second);
  return {};
}

// The length of "refs/pr/<number>" or "refs/convert/<name>" at the front of the text. The hub's own
// tools read these as one revision, though '/' stands in them as it is.
std::size_t special_ref_length(std::string_view text) {
  const auto run_after = [text](std::string_view prefix, auto&& belongs) -> std::size_t {
    if (!text.starts_with(prefix)) return 0;
    const auto begin = text.begin() + static_cast<std::ptrdiff_t>(prefix.size());
    const auto end = std::find_if_not(begin, text.end(), belongs);
    const bool whole = end != begin && (end == text.end() || *end == '/');
    return whole ? static_cast<std::size_t>(end - text.begin()) : 0;
  };
  const std::size_t pull_request = run_after("refs/pr/", is_digit);
  if (pull_request > 0) return pull_request;
  return run_after("refs/convert/", [](char c) { return is_word(c) || c == '-' || c == '.'; });
}

Status parse_revision(std::string_view& rest, Uri& uri) {
  const std::size_t special = special_ref_length(rest);
  std::string_view text = rest.substr(0, special);
  if (special > 0)
    rest.remove_prefix(std::min(rest.size(), special + 1));
  else
    text = take_segment(rest);
  if (text.empty())
    return invalid_argument("no revision follows the '@'; leave the '@' out for the default one");
  HUBDIST_ASSIGN(uri.revision, percent_decode(text));
  // It becomes the name of a file in the cache.
  return with_context(check_relative_path(uri.revision), "the revision");
}

Status parse_path(std::string_view text, Uri& uri) {
  HUBDIST_ASSIGN(uri.path, percent_decode(text));
  if (uri.path.empty()) return {};
  std::string_view checked = uri.path;
  if (checked.size() > 1 && checked.ends_with('/')) checked.remove_suffix(1);
  return check_relative_path(checked);
}

}  // namespace

Status parse_hub(std::string_view rest, Uri& uri) {
  const std::size_t at = rest.find('@');
  if (rest.find('@', at == rest.npos ? at : at + 1) != rest.npos) return at_in_path();
  if (at == rest.npos) {
    HUBDIST_TRY(parse_repo(rest, uri));
    return parse_path(rest, uri);
  }
  std::string_view repo = rest.substr(0, at);
  HUBDIST_TRY(parse_repo(repo, uri));
  if (!repo.empty() || rest[at - 1] == '/') return at_in_path();
  rest.remove_prefix(at + 1);
  HUBDIST_TRY(parse_revision(rest, uri));
  return parse_path(rest, uri);
}

std::string format_hub(const Uri& uri) {
  std::string out = concat(uri.scheme_text, "://");
  std::string_view repo = uri.repo;
  if (uri.repo_type != RepoType::kModel || is_type_word(take_segment(repo)))
    out += concat(plural(uri.repo_type), '/');
  out += uri.repo;
  std::string revision = percent_encode(uri.revision, "%@/");
  // A path after a one-word repository would be read as its second word.
  if (revision.empty() && !uri.path.empty() && uri.repo.find('/') == uri.repo.npos)
    revision = uri.scheme == Scheme::kModelScope ? "master" : "main";
  // A branch that is really called "refs" must not join a path below "pr".
  if (uri.revision == "refs") revision = "%72efs";
  if (!revision.empty()) out += concat('@', revision);
  if (!uri.path.empty()) out += concat('/', percent_encode(uri.path, "%@"));
  return out;
}

}  // namespace internal
}  // namespace hubdist

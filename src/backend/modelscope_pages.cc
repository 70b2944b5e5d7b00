#include "backend/internal/modelscope_pages.h"

#include <charconv>

#include <hubdist/io/http_client.h>

namespace hubdist::internal {
namespace {

// Takes what stands before the next ' ' off the front.
std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

Result<std::size_t> parse_number(std::string_view word) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size())
    return invalid_argument("not a page's token of ModelScope's listings");
  return number;
}

}  // namespace

Result<ModelScopePage> ModelScopePage::parse(std::string_view token) {
  ModelScopePage page;
  if (token.empty()) return page;
  HUBDIST_ASSIGN(page.number, parse_number(take_word(token)));
  HUBDIST_ASSIGN(page.first, percent_decode(token));
  return page;
}

std::string ModelScopePage::token() const {
  return concat(number, ' ', percent_encode(first, "/"));
}

Result<ModelScopeWalk> ModelScopeWalk::parse(std::string_view token, std::string_view root) {
  ModelScopeWalk walk;
  if (token.empty()) {
    walk.folders.emplace_back(root);
    return walk;
  }
  HUBDIST_ASSIGN(walk.requests, parse_number(take_word(token)));
  while (!token.empty()) {
    HUBDIST_ASSIGN(std::string folder, percent_decode(take_word(token)));
    walk.folders.push_back(std::move(folder));
  }
  return walk;
}

std::string ModelScopeWalk::token() const {
  if (folders.empty()) return {};
  std::string text = std::to_string(requests);
  for (const std::string& folder : folders) text += concat(' ', percent_encode(folder, "/"));
  return text;
}

}  // namespace hubdist::internal

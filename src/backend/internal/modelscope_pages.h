// Where a listing of ModelScope goes on: the tokens of its pages.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <hubdist/base/status.h>

namespace hubdist::internal {

// A data set's listing: pages by number.
struct ModelScopePage {
  std::size_t number = 1;
  std::string first;  // of the page before, which a hub without pages would send again

  static Result<ModelScopePage> parse(std::string_view token);  // empty: the first page
  std::string token() const;
};

// A model's listing: folders that are still to be listed, most often just the one that was asked.
struct ModelScopeWalk {
  std::size_t requests = 0;  // made so far
  std::vector<std::string> folders;

  // `root`: what an empty token means.
  static Result<ModelScopeWalk> parse(std::string_view token, std::string_view root);
  std::string token() const;  // empty when nothing is left
};

}  // namespace hubdist::internal

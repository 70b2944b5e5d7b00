// Arguments that commands share which read from a hub.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include <hubdist/client/client.h>

namespace hubdist::cli {

// --endpoint, --cache-dir and --token-stdin.
struct HubArguments {
  std::string endpoint;
  Path cache_dir;
  bool token_stdin = false;
};
void describe_hub(CLI::App& command, HubArguments& arguments);
// What the environment says, and these arguments before it. Reads the token.
Result<ClientOptions> client_options(const HubArguments& arguments);

// --include and --exclude.
struct FilterArguments {
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  PathFilter filter() const { return {include, exclude, !include.empty()}; }
};
void describe_filter(CLI::App& command, FilterArguments& arguments);

}  // namespace hubdist::cli

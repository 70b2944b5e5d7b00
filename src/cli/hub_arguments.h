// Arguments that commands share which read from a hub.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include <hubdist/client/client.h>

namespace hubdist::cli {

// --endpoint, --cache-dir, --token-stdin and --allow-insecure-token.
struct HubArguments {
  std::string endpoint;
  Path cache_dir;
  bool token_stdin = false;
  bool allow_insecure_token = false;
};
void describe_hub(CLI::App& command, HubArguments& arguments);
// What the environment says, and these arguments before it, for the hub of that scheme: ModelScope,
// else the Hugging Face Hub. Reads the token: Cancelled when it was stopped meanwhile.
Result<ClientOptions> client_options(const HubArguments& arguments, Scheme hub,
                                     std::stop_token stop);

// --include and --exclude.
struct FilterArguments {
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  PathFilter filter() const { return {include, exclude, !include.empty()}; }
};
void describe_filter(CLI::App& command, FilterArguments& arguments);

}  // namespace hubdist::cli

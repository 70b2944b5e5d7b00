#include "cli/hub_arguments.h"

namespace hubdist::cli {

void describe_hub(CLI::App& command, HubArguments& a) {
  command.add_option("--endpoint", a.endpoint, "The hub (default: HF_ENDPOINT)")->type_name("URL");
  command.add_option("--cache-dir", a.cache_dir, "The cache (default: HF_HUB_CACHE)")
      ->type_name("DIR");
  command.add_flag("--token-stdin", a.token_stdin,
                   "Read the token from standard input (default: HF_TOKEN, then the token file)");
}

Result<ClientOptions> client_options(const HubArguments& a) {
  HUBDIST_ASSIGN(ClientOptions options, ClientOptions::from_environment());
  if (!a.endpoint.empty()) options.endpoint = a.endpoint;
  if (!a.cache_dir.empty()) options.cache_dir = a.cache_dir;
  if (a.token_stdin) {
    HUBDIST_ASSIGN(std::string token, read_token_from_stdin());
    options.token = Secret(std::move(token));
  }
  return options;
}

void describe_filter(CLI::App& command, FilterArguments& a) {
  command.add_option("--include", a.include, "Only files that match this glob; may be repeated")
      ->expected(1)
      ->take_all()
      ->type_name("GLOB");
  command.add_option("--exclude", a.exclude, "Leave out files that match; may be repeated")
      ->expected(1)
      ->take_all()
      ->type_name("GLOB");
}

}  // namespace hubdist::cli

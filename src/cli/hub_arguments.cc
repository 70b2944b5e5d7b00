#include "cli/hub_arguments.h"

namespace hubdist::cli {

void describe_hub(CLI::App& command, HubArguments& a) {
  command
      .add_option("--endpoint", a.endpoint,
                  "The hub (default: HF_ENDPOINT, or MODELSCOPE_ENDPOINT)")
      ->type_name("URL");
  command
      .add_option("--cache-dir", a.cache_dir,
                  "The cache (default: HF_HUB_CACHE, or MODELSCOPE_CACHE)")
      ->type_name("DIR");
  command.add_flag("--token-stdin", a.token_stdin,
                   "Read the token from standard input (default: HF_TOKEN, then the token file; "
                   "MODELSCOPE_API_TOKEN)");
  command.add_flag("--allow-insecure-token", a.allow_insecure_token,
                   "Send the token although the hub is plain http on another machine");
}

Result<ClientOptions> client_options(const HubArguments& a, Scheme hub, std::stop_token stop) {
  const bool modelscope = hub == Scheme::kModelScope;
  HUBDIST_ASSIGN(ClientOptions options, ClientOptions::from_environment());
  if (!a.endpoint.empty())
    (modelscope ? options.modelscope_endpoint : options.endpoint) = a.endpoint;
  if (!a.cache_dir.empty())
    (modelscope ? options.modelscope_cache : options.cache_dir) = a.cache_dir;
  if (a.allow_insecure_token) options.allow_insecure_token = true;
  if (a.token_stdin) {
    HUBDIST_ASSIGN(std::string token, read_token_from_stdin(std::move(stop)));
    (modelscope ? options.modelscope_token : options.token) = Secret(std::move(token));
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

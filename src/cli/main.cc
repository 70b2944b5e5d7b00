// The hubdist program.
#include <cstdio>

#include "cli/command.h"
#include "cli/format.h"
#include "cli/signals.h"
#include <hubdist/base/version.h>

namespace {

using hubdist::concat;
using hubdist::Status;
using hubdist::StatusCode;

constexpr const char* kFooter =
    "Environment: HF_ENDPOINT, HF_TOKEN, HF_HOME and their kin mean what they mean to\n"
    "huggingface_hub, MODELSCOPE_ENDPOINT and its kin what they mean to modelscope;\n"
    "HUBDIST_TRACKER and HUBDIST_HOME as in the documentation.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 128 + n stopped by signal n (130: Ctrl-C).";

// What to do about a failure that does not say so itself.
std::string_view remedy(const Status& status) {
  // A backend of another hub has named its own variable.
  if (hubdist::message(status).find("MODELSCOPE_") != std::string_view::npos) return {};
  const std::string hub_error = detail(status, hubdist::Detail::kHubError).value_or("");
  if (hub_error == "GatedRepo")
    return "ask for access on the repository's page, then use a token of that user (HF_TOKEN)";
  if (hub_error == "RevisionNotFound") return "check the branch, tag or commit after '@'";
  if (hub_error == "EntryNotFound") return "check the path; it is case-sensitive";
  if (hub_error == "RepoNotFound")
    return "check the name; a private repository needs a token (HF_TOKEN or --token-stdin)";
  if (status.code() == StatusCode::kUnauthenticated)
    return "give a token by HF_TOKEN, a token file (HF_TOKEN_PATH) or --token-stdin";
  return {};
}

void print_error(const Status& status) {
  std::string text =
      concat("hubdist: error: ", hubdist::cli::printable(hubdist::message(status), true), '\n');
  if (const std::string_view hint = remedy(status); !hint.empty())
    text += concat("  hint: ", hint, '\n');
  std::fputs(text.c_str(), stderr);
}

int exit_code(const Status& status, int signal) {
  if (status.ok()) return hubdist::cli::kExitOk;
  if (status.code() == StatusCode::kCancelled && signal != 0) return 128 + signal;
  return hubdist::cli::kExitFailure;
}

int run(int argc, char** argv) {
  using namespace hubdist::cli;
  CLI::App app("Brings AI models and data sets to every node, each byte fetched from the hub once",
               "hubdist");
  app.require_subcommand(1);
  app.set_version_flag("--version", concat("hubdist ", hubdist::version()));
  app.footer(kFooter);
  Action action;
  add_get_command(app, action);
  add_dedupe_command(app, action);
  add_tracker_command(app, action);
  add_hub_commands(app, action);
  add_version_command(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  SignalStop signals;
  const Status status = action(signals.token());
  if (!status.ok() && status.code() != StatusCode::kCancelled) print_error(status);
  std::fflush(stdout);
  return exit_code(status, signals.received());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fputs(concat("hubdist: error: ", error.what(), '\n').c_str(), stderr);
    return hubdist::cli::kExitFailure;
  }
}

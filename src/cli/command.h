// What the commands of the hubdist program share. Each command is a file with one function
// add_*_command(s) that describes its arguments and says what to do when they were given.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <hubdist/base/status.h>
#include <hubdist/io/file.h>

namespace hubdist::cli {

// What the program returns. A signal gives 128 + its number: 130 for Ctrl-C, 143 for SIGTERM.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

// What the chosen command does. Errors are printed by main(); Cancelled means that it was stopped
// before its work was done.
using Action = std::function<Status(std::stop_token stop)>;

// Each adds its command to `app`; when it is chosen, its callback sets `action`.
void add_get_command(CLI::App& app, Action& action);
void add_dedupe_command(CLI::App& app, Action& action);
void add_tracker_command(CLI::App& app, Action& action);
void add_hub_commands(CLI::App& app, Action& action);
void add_account_commands(CLI::App& hub, Action& action);  // below `hub`: user, org, token
void add_version_command(CLI::App& app, Action& action);

// The argument --root of the commands below `hub`.
CLI::Option* add_hub_root(CLI::App& command, Path& root);

// For the argument checks of a command: a wrong argument ends the program with kExitUsage.
[[noreturn]] void usage_error(std::string_view argument, const Status& status);

// --- For commands that serve
// ----------------------------------------------------------------------

// Says where a server listens ("127.0.0.1:4711"): writes the port, decimal and a newline, to
// `port_file` unless that is empty (atomically: a reader sees all of it or no file), and
// "`what` listens on `address`" to standard error.
Status announce(std::string_view what, std::string_view address, const Path& port_file);
// Blocks until the program is asked to stop. That is how a server ends: OK.
Status serve_until_stopped(std::stop_token stop);

// --- Credentials
// -----------------------------------------------------------------------------------

// The first line of standard input without its end; InvalidArgument when it is empty, Cancelled
// when a stop is asked for before it has come. Called once: what follows the line is lost.
Result<std::string> read_token_from_stdin(std::stop_token stop);

}  // namespace hubdist::cli

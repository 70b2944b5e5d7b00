#include <cstdio>

#include "cli/command.h"
#include <hubdist/base/version.h>

namespace hubdist::cli {

void add_version_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("version", "Print the version");
  command->callback([&action] {
    action = [](std::stop_token) -> Status {
      std::puts(concat("hubdist ", version()).c_str());
      return {};
    };
  });
}

}  // namespace hubdist::cli

#include <memory>

#include "cli/command.h"
#include <hubdist/exchange/net/rendezvous.h>
#include <hubdist/exchange/net/tracker.h>

namespace hubdist::cli {
namespace {

struct Arguments {
  std::string listen = "127.0.0.1:0";
  Path port_file;
};

Status run_tracker(const Arguments& arguments, std::stop_token stop) {
  FileSystem& fs = posix_file_system();
  TrackerOptions options;
  options.listen = arguments.listen;
  HUBDIST_ASSIGN(const Path home, hubdist_home(fs));
  HUBDIST_ASSIGN(options.key, exchange_key(fs, home));
  HUBDIST_ASSIGN(const std::unique_ptr<Tracker> tracker, Tracker::start(std::move(options)));
  HUBDIST_TRY(announce("tracker", tracker->address(), arguments.port_file));
  return serve_until_stopped(stop);
}

}  // namespace

void add_tracker_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "tracker", "Run a tracker: it decides which node fetches which piece from whom");
  auto arguments = std::make_shared<Arguments>();
  command
      ->add_option("--listen", arguments->listen,
                   "Address to listen on; loopback only, port 0 takes a free one")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  command->add_option("--port-file", arguments->port_file, "Write the port to this file")
      ->type_name("FILE");
  command->footer(
      "Nodes of the same user on this machine find it by `hubdist get --tracker HOST:PORT` or\n"
      "HUBDIST_TRACKER=HOST:PORT, and prove themselves with the key in HUBDIST_HOME.");
  command->callback([&action, arguments] {
    action = [arguments](std::stop_token stop) { return run_tracker(*arguments, stop); };
  });
}

}  // namespace hubdist::cli

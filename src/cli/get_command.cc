#include <cstdio>
#include <iterator>
#include <memory>
#include <optional>
#include <vector>

#include "cli/command.h"
#include "cli/events.h"
#include "cli/format.h"
#include "cli/hub_arguments.h"
#include "cli/progress.h"
#include <hubdist/base/json_writer.h>
#include <hubdist/client/client.h>

namespace hubdist::cli {
namespace {

struct Arguments {
  std::string uri;
  Path local_dir;
  FilterArguments filter;
  std::string digest;
  std::string tracker;
  HubArguments hub;
  std::size_t max_workers = 8;
  bool linger = false;
  bool force = false;
  bool offline = false;
  bool json = false;
  bool quiet = false;
  std::optional<Identity> identity;  // of `digest`
};

void describe(CLI::App& command, Arguments& a) {
  command
      .add_option("uri", a.uri,
                  "hf://owner/model[@revision][/path], modelscope://..., https://..., file:///...")
      ->required();
  command
      .add_option("-o,--output", a.local_dir,
                  "Put the files into this folder instead of the hub's cache")
      ->type_name("DIR");
  describe_filter(command, a.filter);
  command.add_option("--digest", a.digest, "The content that a URI of one file must have")
      ->type_name("sha256:HEX");
  command
      .add_option("--tracker", a.tracker,
                  "Share with other nodes: off, auto or HOST:PORT (default: HUBDIST_TRACKER)")
      ->type_name("WHERE");
  command.add_flag("--linger", a.linger,
                   "Serve other nodes until none needs anything from this one");
  command.add_option("--max-workers", a.max_workers, "Files in flight at once (default: 8)")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  command.add_flag("--force,--force-download", a.force, "Fetch again what is here already");
  command.add_flag("--offline,--local-files-only", a.offline, "Use what is here, ask no hub");
  describe_hub(command, a.hub);
  CLI::Option* json = command.add_flag("--json", a.json, "Events and result as JSON, one a line");
  command.add_flag("-q,--quiet", a.quiet, "No progress, only the path")->excludes(json);
  command.footer(
      "Prints the path of what it brought. Run again after an interruption: it goes on from what "
      "was received.\n"
      "  hubdist get hf://org/model --include '*.safetensors' -o ./model\n"
      "  hubdist get --tracker auto hf://datasets/org/data@v1.0");
}

// What can be checked before anything is asked: wrong usage rather than failure.
void check(Arguments& a) {
  if (const Result<Uri> uri = parse_uri(a.uri); !uri.ok()) usage_error("uri", uri.status());
  if (a.digest.empty()) return;
  Result<Identity> identity = parse_identity(a.digest);
  if (!identity.ok()) usage_error("--digest", identity.status());
  a.identity = *std::move(identity);
}

DownloadOptions download_options(const Arguments& a, ProgressReport& progress) {
  DownloadOptions options;
  options.filter = a.filter.filter();
  if (!a.local_dir.empty()) options.local_dir = a.local_dir;
  options.digest = a.identity;
  options.force_download = a.force;
  options.local_files_only = a.offline;
  options.max_workers = a.max_workers;
  options.progress = progress.sink();
  return options;
}

// {"event":"result",...}: the one line that a program needs.
void print_json_result(const DownloadReport& report, const Client& client, Duration time) {
  const Client::ExchangeInfo exchange = client.exchange();
  JsonWriter json;
  json.begin_object().field("event", "result");
  json.field("path", report.path.native()).field("commit", report.commit);
  json.field("files", report.files).field("bytes", report.bytes);
  json.field("bytes_from_origin", report.bytes_from_origin);
  json.field("bytes_from_peers", report.bytes_from_peers);
  json.field("bytes_held", report.bytes_held);
  json.field("verified", report.verified).field("from_cache_only", report.from_cache_only);
  json.field("seconds", seconds(time));
  json.field("node", exchange.node_id).field("address", exchange.address);
  print_event(json.end_object());
}

void print_result(const DownloadReport& report, Duration time, ProgressReport& progress) {
  const std::uint64_t moved = report.bytes_from_origin + report.bytes_from_peers;
  const double rate = seconds(time) > 0 ? static_cast<double>(moved) / seconds(time) : 0;
  progress.note(concat(format_count(report.files, "file"), ", ", format_bytes(report.bytes), " in ",
                       format_seconds(time), " (", format_bytes(static_cast<std::uint64_t>(rate)),
                       "/s): ", format_bytes(report.bytes_from_origin), " from the origin, ",
                       format_bytes(report.bytes_from_peers), " from peers, ",
                       format_bytes(report.bytes_held),
                       " held; verified: ", report.verified ? "yes" : "no"));
  if (!report.verified)
    progress.note("warning: the origin stated no digest for some file; --digest proves one file");
  if (report.from_cache_only)
    progress.note("note: the hub was not asked or not reached; this is what the cache had");
}

Status linger(const Arguments& a, Client& client, std::stop_token stop) {
  if (!a.quiet && !a.json)
    std::fputs("serving other nodes until none needs this one; Ctrl-C leaves now\n", stderr);
  const Status status = client.wait_until_unneeded(stop);
  if (a.json) {
    JsonWriter json;
    json.begin_object().field("event", "lingered");
    json.field("bytes_to_peers", client.exchange().bytes_to_peers);
    print_event(json.end_object());
  }
  // The download is done: leaving early is no failure.
  return status.code() == StatusCode::kCancelled ? Status() : status;
}

void print_failure(const Arguments& a, const Status& status, ProgressReport& progress) {
  const bool interrupted = status.code() == StatusCode::kCancelled;
  if (a.json) print_error_event(status);
  if (interrupted && !a.quiet)
    progress.note(concat("interrupted; what was received is kept (",
                         format_bytes(progress.bytes_here()),
                         " are here): the same command goes on from there"));
}

Status run_get(const Arguments& a, std::stop_token stop) {
  ProgressReport progress(progress_mode(a.quiet, a.json));
  const LogThroughProgress logged(progress);
  const Instant begin = system_clock().now();
  const auto download = [&]() -> Status {
    HUBDIST_ASSIGN(const Uri uri, parse_uri(a.uri));
    HUBDIST_ASSIGN(ClientOptions options, client_options(a.hub, uri.scheme, stop));
    if (!a.tracker.empty()) options.tracker = a.tracker;
    HUBDIST_ASSIGN(const std::unique_ptr<Client> client, Client::create(std::move(options)));
    HUBDIST_ASSIGN(const DownloadReport report,
                   client->download(a.uri, download_options(a, progress), stop));
    const Duration time = system_clock().now() - begin;
    progress.finish();
    if (a.json) {
      print_json_result(report, *client, time);
    } else {
      if (!a.quiet) print_result(report, time, progress);
      std::puts(report.path.c_str());
      std::fflush(stdout);
    }
    return a.linger ? linger(a, *client, stop) : Status();
  };
  const Status status = download();
  progress.finish();
  if (!status.ok()) print_failure(a, status, progress);
  return status;
}

}  // namespace

void add_get_command(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("get", "Bring a snapshot, a folder or a file to this machine");
  auto arguments = std::make_shared<Arguments>();
  describe(*command, *arguments);
  command->callback([&action, arguments] {
    check(*arguments);
    action = [arguments](std::stop_token stop) { return run_get(*arguments, stop); };
  });
}

}  // namespace hubdist::cli

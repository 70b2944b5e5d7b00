#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "cli/command.h"
#include "cli/dedupe_outputs.h"
#include "cli/dedupe_text.h"
#include "cli/events.h"
#include "cli/hub_arguments.h"
#include "cli/progress.h"
#include <hubdist/client/dedupe.h>

namespace hubdist::cli {
namespace {

struct Arguments {
  std::vector<std::string> texts;
  FilterArguments filter;
  HubArguments hub;
  DedupeOutputs outputs;
  std::size_t threads = 0;
  bool offline = false;
  bool json = false;
  bool quiet = false;
  std::vector<DedupeArgument> parsed;  // of `texts`
};

void describe(CLI::App& command, Arguments& a) {
  command
      .add_option(
          "version", a.texts,
          "Files, folders, hf://owner/model[@revision][/path], the same of modelscope://, or - "
          "for standard input")
      ->required();
  command.add_option("--html", a.outputs.html, "Write a page with pictures to this file")
      ->type_name("FILE");
  command.add_option("--svg", a.outputs.svg, "Write the pictures as one image to this file")
      ->type_name("FILE");
  describe_filter(command, a.filter);
  command.add_option("--threads", a.threads, "Cores to use (default: all that there are)")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  command.add_flag("--offline,--local-files-only", a.offline, "Ask no hub: use what the cache has");
  describe_hub(command, a.hub);
  CLI::Option* json = command.add_flag("--json", a.json, "Events and report as JSON, one a line");
  command.add_flag("-q,--quiet", a.quiet, "No progress, only the result")->excludes(json);
  command.footer(
      "Tells what each version adds to those before it: how much of it is new, and what an upload "
      "to a Xet hub and with Git LFS would send.\n"
      "  hubdist dedupe old.safetensors new.safetensors --html report.html\n"
      "  hubdist dedupe hf://org/model@v1 hf://org/model@v2 --include '*.gguf'\n"
      "  zstdcat backup.zst | hubdist dedupe current.sqlite -");
}

void check(Arguments& a) {
  Result<std::vector<DedupeArgument>> parsed = parse_dedupe_arguments(a.texts);
  if (!parsed.ok()) usage_error("version", parsed.status());
  a.parsed = *std::move(parsed);
  const bool reads_input = std::any_of(a.parsed.begin(), a.parsed.end(),
                                       [](const auto& argument) { return argument.path == "-"; });
  if (reads_input && a.hub.token_stdin)
    usage_error("--token-stdin", invalid_argument("standard input is compared already"));
}

// Tells progress on as what a download tells: files are not counted.
std::function<void(const DedupeProgress&)> compare_progress(ProgressReport& progress) {
  return [sink = progress.sink(), done = std::uint64_t(0),
          total = std::uint64_t(0)](const DedupeProgress& now) mutable {
    if (now.total != total || now.done == 0)
      sink({ProgressKind::kPlanned, "", total = now.total, 0, false});
    if (now.done > done) sink({ProgressKind::kBytes, now.file, now.done - done, 0, false});
    done = now.done;
  };
}

// The hub that the arguments for a hub are about; a token is never one for two.
Scheme hub_of(const std::vector<DedupeArgument>& versions) {
  const auto is_hf = [](const DedupeArgument& a) { return a.uri.scheme == Scheme::kHf; };
  return std::any_of(versions.begin(), versions.end(), is_hf) ? Scheme::kHf : Scheme::kModelScope;
}

Result<DedupeReport> compare(const Arguments& a, ProgressReport& progress, std::stop_token stop) {
  const auto on_hub = [](const DedupeArgument& argument) { return argument.on_hub; };
  std::unique_ptr<Client> client;
  if (std::any_of(a.parsed.begin(), a.parsed.end(), on_hub)) {
    HUBDIST_ASSIGN(ClientOptions options, client_options(a.hub, hub_of(a.parsed), stop));
    HUBDIST_ASSIGN(client, Client::create(std::move(options)));
  }
  DedupeRequest request;
  request.arguments = a.parsed;
  request.options.threads = a.threads;
  request.options.filter = a.filter.filter();
  request.options.on_progress = compare_progress(progress);
  request.local_files_only = a.offline;
  request.on_download = [&progress](const DedupeArgument& argument) {
    progress.begin("downloading", argument.text);
    return progress.sink();
  };
  request.on_compare = [&progress] { progress.begin("comparing"); };
  return estimate_dedupe(posix_file_system(), request, client.get(), stop);
}

Status print_report(const Arguments& a, const DedupeReport& report) {
  if (a.json) {
    JsonWriter json;
    json.begin_object().field("event", "result").key("report").raw(to_json(report));
    print_event(json.end_object());
  } else {
    const std::string text = dedupe_text(report, stdout_style());
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    return unavailable("the report cannot be written to standard output");
  return {};
}

Status run_dedupe(const Arguments& a, std::stop_token stop) {
  ProgressReport progress(progress_mode(a.quiet, a.json));
  const LogThroughProgress logged(progress);
  const auto work = [&]() -> Status {
    HUBDIST_TRY(check_outputs(posix_file_system(), a.outputs, a.parsed));
    HUBDIST_ASSIGN(const DedupeReport report, compare(a, progress, stop));
    progress.finish();
    HUBDIST_ASSIGN(const std::vector<Path> written,
                   write_outputs(posix_file_system(), a.outputs, report));
    HUBDIST_TRY(print_report(a, report));
    for (const Path& path : written)
      if (!a.quiet && !a.json) progress.note(concat("written: ", path.native()));
    return {};
  };
  const Status status = work();
  progress.finish();
  if (!status.ok() && a.json) print_error_event(status);
  if (status.code() == StatusCode::kCancelled && !a.quiet) progress.note("interrupted");
  return status;
}

}  // namespace

void add_dedupe_command(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("dedupe", "Compare versions: what is new, and what an upload would send");
  auto arguments = std::make_shared<Arguments>();
  describe(*command, *arguments);
  command->callback([&action, arguments] {
    check(*arguments);
    action = [arguments](std::stop_token stop) { return run_dedupe(*arguments, stop); };
  });
}

}  // namespace hubdist::cli

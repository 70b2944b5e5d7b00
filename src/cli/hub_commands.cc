#include <cstdio>
#include <memory>
#include <optional>
#include <vector>

#include "cli/command.h"
#include "cli/format.h"
#include <hubdist/base/json_writer.h>
#include <hubdist/server/fsck.h>
#include <hubdist/server/hub_server.h>

namespace hubdist::cli {
namespace {

struct AddArguments {
  Path folder;
  std::string repo;
  Path root;
  std::string type = "model";
  std::string gating;
  bool gated = false;
  bool is_private = false;
  bool is_public = false;
  bool json = false;
  AddFolderOptions options;
  RepoId id;  // of `repo` and `type`
};

struct ServeArguments {
  HubServerOptions options;
  Path port_file;
  bool access_log = false;
};

void print_added(const AddArguments& arguments, const AddFolderResult& result) {
  if (arguments.json) {
    const std::string line = JsonWriter()
                                 .begin_object()
                                 .field("repo", arguments.id.name)
                                 .field("type", name(arguments.id.type))
                                 .field("branch", arguments.options.branch)
                                 .field("commit", result.commit.hex())
                                 .field("changed", result.changed)
                                 .field("files", result.files)
                                 .field("bytes", result.bytes)
                                 .field("new_bytes", result.new_bytes)
                                 .end_object()
                                 .take();
    std::puts(line.c_str());
    return;
  }
  const std::string line =
      concat(arguments.id.name, '@', arguments.options.branch, ' ', result.commit.hex(), ": ",
             format_count(result.files, "file"), ", ", format_bytes(result.bytes),
             result.changed ? concat(", ", format_bytes(result.new_bytes), " new") : ", unchanged");
  std::puts(line.c_str());
}

Status run_add(const AddArguments& arguments, std::stop_token stop) {
  FileSystem& fs = posix_file_system();
  HUBDIST_ASSIGN(const auto store, open_folder_store(fs, arguments.root));
  Repositories repositories(*store);
  HUBDIST_ASSIGN(const AddFolderResult result,
                 add_folder(repositories, fs, arguments.folder, arguments.id, arguments.options,
                            std::move(stop)));
  print_added(arguments, result);
  return {};
}

void check_add(AddArguments& arguments) {
  const auto type = parse_repo_type(arguments.type);
  if (!type.ok()) usage_error("--type", type.status());
  auto id = RepoId::parse(*type, arguments.repo);
  if (!id.ok()) usage_error("repo", id.status());
  arguments.id = *std::move(id);
  if (arguments.is_private || arguments.is_public)
    arguments.options.is_private = arguments.is_private;
  if (arguments.gated) arguments.gating = "manual";
  if (arguments.gating == "none") arguments.options.gating = Gating::kNone;
  if (arguments.gating == "auto") arguments.options.gating = Gating::kAuto;
  if (arguments.gating == "manual") arguments.options.gating = Gating::kManual;
}

void add_add_command(CLI::App& hub, Action& action) {
  CLI::App* command = hub.add_subcommand("add", "Put a folder as a commit into a hub");
  auto arguments = std::make_shared<AddArguments>();
  AddArguments& a = *arguments;
  command->add_option("folder", a.folder, "The folder; the commit holds its files and no others")
      ->required()
      ->check(CLI::ExistingDirectory);
  command->add_option("repo", a.repo, "owner/name")->required();
  add_hub_root(*command, a.root);
  command->add_option("--revision", a.options.branch, "The branch")->capture_default_str();
  command->add_option("--type", a.type, "model, dataset or space")->capture_default_str();
  CLI::Option* is_private =
      command->add_flag("--private", a.is_private, "Only its owner and its readers see it");
  command->add_flag("--public", a.is_public, "Everybody reads it (a new repository's default)")
      ->excludes(is_private);
  CLI::Option* gated = command->add_flag(
      "--gated", a.gated, "Everybody sees what it holds, only its owner and its readers get files");
  command
      ->add_option("--gating", a.gating, "What the hub calls that: manual (--gated), auto, or none")
      ->check(CLI::IsMember({"none", "auto", "manual"}))
      ->excludes(gated);
  command->add_option("--reader", a.options.readers, "A user that may read; may be repeated")
      ->expected(1)
      ->take_all()
      ->type_name("NAME");
  command->add_option("--message", a.options.message, "The commit's message");
  command->add_option("--author", a.options.author, "The commit's author")->capture_default_str();
  command->add_flag("--json", a.json, "Print what was done as JSON");
  command->footer(
      "What is not said stays as it is: adding to a private repository without --private keeps\n"
      "it private. Files larger than 10 MiB, and those that .gitattributes names (without one,\n"
      "*.safetensors, *.bin and their kin), are kept apart as LFS files.");
  command->callback([&action, arguments] {
    check_add(*arguments);
    action = [arguments](std::stop_token stop) { return run_add(*arguments, std::move(stop)); };
  });
}

void print_access(std::string_view line) {
  const std::string whole = concat(line, '\n');  // one write: lines of threads do not mix
  std::fwrite(whole.data(), 1, whole.size(), stdout);
  std::fflush(stdout);
}

Status run_serve(const ServeArguments& arguments, std::stop_token stop) {
  HubServerOptions options = arguments.options;
  if (arguments.access_log) options.access_log = print_access;
  HUBDIST_ASSIGN(const std::unique_ptr<HubServer> server, HubServer::start(std::move(options)));
  HUBDIST_TRY(announce("hub", server->address(), arguments.port_file));
  HUBDIST_TRY(serve_until_stopped(std::move(stop)));
  server->stop();
  return {};
}

void add_serve_command(CLI::App& hub, Action& action) {
  CLI::App* command = hub.add_subcommand("serve", "Serve a hub to Hugging Face's clients");
  auto arguments = std::make_shared<ServeArguments>();
  HubServerOptions& options = arguments->options;
  add_hub_root(*command, options.root);
  command->add_option("--listen", options.listen, "Address to listen on; port 0 takes a free one")
      ->capture_default_str();
  command->add_option("--port-file", arguments->port_file, "Write the port to this file");
  CLI::Option* certificate =
      command->add_option("--tls-cert", options.tls_certificate,
                          "Serve https: the certificate, then its chain, in PEM");
  CLI::Option* key = command->add_option("--tls-key", options.tls_key,
                                         "The certificate's key in PEM, for your eyes only");
  certificate->needs(key)->type_name("FILE");
  key->needs(certificate)->type_name("FILE");
  command
      ->add_option("--public-url", options.public_url,
                   "How clients reach the hub, when a proxy stands in front")
      ->type_name("URL");
  command
      ->add_option("--max-uploads", options.max_uploads,
                   "Contents that may be on their way in at once; the next must come again")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option("--part-size", options.lfs_part,
                   "A larger LFS file comes in parts of this size (such as 512MiB)")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option_function<std::int64_t>(
          "--xet-life",
          [arguments](std::int64_t seconds) {
            arguments->options.xet_life = std::chrono::seconds(seconds);
          },
          "How long tokens and links of Xet storage hold, in seconds")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber)
      ->default_str(std::to_string(options.xet_life.count()));
  command->add_flag("--access-log", arguments->access_log,
                    "Print a JSON object for each answer on standard output");
  command->add_flag("--metrics", options.metrics,
                    "Tell whoever asks for /metrics, in Prometheus' format, what the server does");
  command->add_flag("--allow-insecure", options.allow_insecure,
                    "Listen on an address that is not loopback, although tokens and private "
                    "files then travel in clear text");
  command->footer(
      "Clients use it by HF_ENDPOINT=http://HOST:PORT alone; with --tls-cert by https://. When "
      "the\n"
      "certificate's files are renewed the server takes them within a minute. HUBDIST_LOG=info\n"
      "writes an access log to standard error.");
  command->callback([&action, arguments] {
    action = [arguments](std::stop_token stop) { return run_serve(*arguments, std::move(stop)); };
  });
}

struct FsckArguments {
  Path root;
  bool quick = false;
};

// What is no problem, but takes room or is old.
void print_facts(const FsckResult& result) {
  const auto print = [](std::string_view line) { std::puts(std::string(line).c_str()); };
  if (result.xorbs > 0)
    print(concat("in Xet storage: ", result.xet_files, " files, ", result.xorbs, " xorbs (",
                 format_bytes(result.xorb_bytes), ")"));
  if (result.unused_contents + result.unused_files + result.unused_xorbs > 0)
    print(concat("not in use: ", result.unused_contents, " contents, ", result.unused_files,
                 " Xet files, ", result.unused_xorbs, " xorbs (", format_bytes(result.unused_bytes),
                 ")"));
  if (result.old_footers > 0)
    print(concat("with old footers, until they are read: ", result.old_footers, " xorbs"));
}

Status run_fsck(const FsckArguments& arguments, std::stop_token stop) {
  HUBDIST_ASSIGN(const auto store, open_folder_store(posix_file_system(), arguments.root));
  const FsckOptions options{.hash_contents = !arguments.quick};
  HUBDIST_ASSIGN(const FsckResult result,
                 check_hub(
                     *store, options,
                     [](std::string_view problem) { std::puts(std::string(problem).c_str()); },
                     std::move(stop)));
  const std::string line =
      concat(result.repositories, " repositories, ", result.commits, " commits, ", result.folders,
             " folders, ", result.contents, " contents (", format_bytes(result.bytes),
             "): ", result.problems == 0 ? "all is whole" : concat(result.problems, " problems"));
  print_facts(result);
  std::puts(line.c_str());
  if (result.problems == 0) return {};
  return data_loss("the hub in ", arguments.root.native(), " is not whole");
}

void add_fsck_command(CLI::App& hub, Action& action) {
  CLI::App* command = hub.add_subcommand("fsck", "Look whether a hub is whole; change nothing");
  auto arguments = std::make_shared<FsckArguments>();
  add_hub_root(*command, arguments->root);
  command->add_flag("--quick", arguments->quick, "Do not read the contents of files");
  command->callback([&action, arguments] {
    action = [arguments](std::stop_token stop) { return run_fsck(*arguments, std::move(stop)); };
  });
}

}  // namespace

CLI::Option* add_hub_root(CLI::App& command, Path& root) {
  return command.add_option("--root", root, "The folder that holds the hub")->required();
}

void add_hub_commands(CLI::App& app, Action& action) {
  CLI::App* hub = app.add_subcommand("hub", "Run a hub of one's own");
  hub->require_subcommand(1);
  add_add_command(*hub, action);
  add_serve_command(*hub, action);
  add_account_commands(*hub, action);
  add_fsck_command(*hub, action);
}

}  // namespace hubdist::cli

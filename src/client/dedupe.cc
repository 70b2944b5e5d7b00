#include <algorithm>

#include <hubdist/base/strings.h>
#include <hubdist/client/dedupe.h>

namespace hubdist {
namespace {

constexpr std::string_view kStandardInput = "-";

// `text` in a glob, meant as it is.
std::string literal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == '?' || c == '*')
      out += concat('[', c, ']');
    else
      out += c;
  }
  return out;
}

// Patterns are about paths inside the version; a hub knows paths inside the repository.
PathFilter inside_repository(PathFilter filter, const std::string& folder) {
  if (folder.empty()) return filter;
  const std::string prefix = literal(folder.ends_with('/') ? folder : concat(folder, '/'));
  for (std::string& pattern : filter.include) pattern = prefix + pattern;
  for (std::string& pattern : filter.exclude) pattern = prefix + pattern;
  return filter;
}

// Puts the commit in the place of the revision: below a commit's name the folder holds nothing that
// another commit left there.
Status pin(Uri& uri, Client& client, std::stop_token stop) {
  HUBDIST_ASSIGN(const auto backend, client.backends().find(uri));
  Uri repository = uri;
  repository.path.clear();
  HUBDIST_ASSIGN(const ListPage page, backend->list(repository, "", std::move(stop)));
  if (!page.commit.empty()) uri.revision = page.commit;
  return {};
}

// Brings an argument that is on a hub into the client's cache.
Result<DedupeSource> bring(const DedupeRequest& request, const DedupeArgument& argument,
                           Client& client, std::stop_token stop) {
  DownloadOptions options;
  options.filter = inside_repository(request.options.filter, argument.uri.path);
  options.local_files_only = request.local_files_only;
  options.max_workers = request.max_workers;
  if (request.on_download) options.progress = request.on_download(argument);
  Uri uri = argument.uri;
  const bool may_ask = !request.local_files_only && !client.options().offline;
  if (uri.scheme == Scheme::kModelScope && may_ask) HUBDIST_TRY(pin(uri, client, stop));
  HUBDIST_ASSIGN(const DownloadReport report, client.download(format_uri(uri), options, stop));
  return DedupeSource{argument.text, report.commit, report.path};
}

}  // namespace

Result<DedupeArgument> parse_dedupe_argument(std::string_view text) {
  DedupeArgument argument;
  argument.text = text;
  if (text.empty()) return invalid_argument("an empty text names no file");
  if (text == kStandardInput || text == "/dev/stdin") {
    argument.path = kStandardInput;
    return argument;
  }
  if (text.find("://") == text.npos) {
    argument.path = text;
    return argument;
  }
  HUBDIST_ASSIGN(argument.uri, parse_uri(text));
  argument.on_hub =
      argument.uri.scheme == Scheme::kHf || argument.uri.scheme == Scheme::kModelScope;
  if (argument.on_hub) return argument;
  if (argument.uri.scheme != Scheme::kFile)
    return invalid_argument(
        text,
        " cannot be compared where it is: files, folders, hf:// and modelscope:// can; bring "
        "it here first (hubdist get URI -o FOLDER)");
  argument.path = argument.uri.path;
  return argument;
}

Result<std::vector<DedupeArgument>> parse_dedupe_arguments(const std::vector<std::string>& texts) {
  std::vector<DedupeArgument> arguments;
  for (const std::string& text : texts) {
    HUBDIST_ASSIGN(DedupeArgument argument, parse_dedupe_argument(text));
    arguments.push_back(std::move(argument));
  }
  if (arguments.empty()) return invalid_argument("no file, folder or revision was named");
  const auto inputs =
      std::count_if(arguments.begin(), arguments.end(),
                    [](const DedupeArgument& a) { return a.path == kStandardInput; });
  if (inputs > 1) return invalid_argument("standard input can be read only once");
  return arguments;
}

Result<DedupeReport> estimate_dedupe(FileSystem& fs, const DedupeRequest& request, Client* client,
                                     std::stop_token stop) {
  std::vector<DedupeSource> sources;
  for (const DedupeArgument& argument : request.arguments) {
    if (!argument.on_hub) {
      sources.push_back({argument.text, "", argument.path});
      continue;
    }
    if (client == nullptr)
      return invalid_argument(argument.text, " is on a hub, and there is no client to bring it");
    HUBDIST_ASSIGN(DedupeSource source, bring(request, argument, *client, stop));
    sources.push_back(std::move(source));
  }
  if (request.on_compare) request.on_compare();
  return estimate_dedupe(fs, sources, request.options, stop);
}

}  // namespace hubdist

// Compares what a person names: files, folders, standard input and revisions of a hub, in any mix.
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <hubdist/client/client.h>
#include <hubdist/io/dedupe_files.h>

namespace hubdist {

// A version as a person names it: a path, "-" or "/dev/stdin" for standard input, a pipe
// (/dev/fd/63), file:///path, or hf://org/model[@revision][/path], or the same of modelscope://.
struct DedupeArgument {
  std::string text;
  bool on_hub = false;  // to be brought by a Client before it can be compared
  Uri uri;              // where `text` is one
  Path path;            // where it is on this machine: "-" for standard input
};
// InvalidArgument for a URI that is wrong or of a scheme that cannot be compared.
Result<DedupeArgument> parse_dedupe_argument(std::string_view text);
// As one list: at least one, and standard input at most once.
Result<std::vector<DedupeArgument>> parse_dedupe_arguments(const std::vector<std::string>& texts);

struct DedupeRequest {
  std::vector<DedupeArgument> arguments;
  DedupeOptions options;  // its filter also chooses what is brought from a hub
  bool local_files_only = false;
  std::size_t max_workers = 8;  // files of a download in flight at once
  // Called before each download; what it returns is told of its progress.
  std::function<ProgressSink(const DedupeArgument&)> on_download;
  std::function<void()> on_compare;  // called when everything is here
};

// Brings what is on a hub into the cache of `client` (null where nothing is on a hub), then
// compares all of it (io/dedupe_files.h). Blocking; stops within 100 ms with Cancelled, and what
// was received is kept.
Result<DedupeReport> estimate_dedupe(FileSystem& fs, const DedupeRequest& request, Client* client,
                                     std::stop_token stop = {});

}  // namespace hubdist

// Compares versions of files and folders: reads, cuts and hashes them, compresses what is new as an
// upload would, and gives the numbers to a DedupeEstimator.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include <hubdist/core/dedupe_report.h>
#include <hubdist/core/glob.h>
#include <hubdist/io/file.h>

namespace hubdist {

// One version: what would be uploaded in one commit.
struct DedupeSource {
  std::string name;    // as the user gave it, for the report: a path or a URI
  std::string commit;  // of a hub's snapshot, else empty
  Path path;           // a file, a folder, or "-": standard input, read to its end
};

struct DedupeProgress {
  std::uint64_t done = 0;   // bytes read so far, of all sources
  std::uint64_t total = 0;  // bytes that regular files hold; a pipe adds to it as it is read
  std::string file;         // what is being read, UTF-8 as far as possible
};

struct DedupeOptions {
  std::size_t threads = 0;  // 0: as many as this process may use
  bool layouts = true;      // whether to say what lies where in files of known formats
  PathFilter filter;        // of the files in folders, by their paths inside
  // Called on the caller's thread now and then (at least once a file, at most for each 8 MiB), and
  // first with done = 0.
  std::function<void(const DedupeProgress&)> on_progress;
};

// The versions in their order, each against all before it; the report depends on what the files
// hold only, but for `seconds`. Folders are read recursively: symbolic links to files are followed
// (a Hugging Face snapshot consists of them), those to folders as well unless they lead back to a
// folder that they lie in; `.git` and `.cache/huggingface` are left out. Two sources that are files
// are compared with each other whatever their names.
//
// Memory: what stream_chunks() takes, and at most 64 bytes for each distinct chunk.
//
// Every error names the file: NotFound, PermissionDenied, InvalidArgument for what is neither a
// file nor a folder (a device, a socket), Aborted for a file that changed or shrank while it was
// read; Cancelled on a stop request.
Result<DedupeReport> estimate_dedupe(FileSystem& fs, const std::vector<DedupeSource>& sources,
                                     const DedupeOptions& options = {}, std::stop_token stop = {});

}  // namespace hubdist

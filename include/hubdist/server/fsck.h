// Looks whether a hub's folder is whole.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string_view>

#include <hubdist/store/object_store.h>

namespace hubdist {

struct FsckOptions {
  // Read and hash all contents and xorbs; else only look whether they are there, with the right
  // size, and whether xorbs' footers and files' terms make their names.
  bool hash_contents = true;
};

struct FsckResult {
  std::size_t repositories = 0;
  std::size_t commits = 0;
  std::size_t folders = 0;
  std::size_t contents = 0;  // each once, in however many repositories
  std::uint64_t bytes = 0;   // of the contents
  std::size_t xorbs = 0;
  std::uint64_t xorb_bytes = 0;  // as they are stored
  std::size_t xet_files = 0;
  std::size_t problems = 0;

  // Facts, no problems.
  std::size_t unused_contents = 0;  // that no commit names and no repository has received
  std::size_t unused_files = 0;     // in Xet storage, that no content names
  std::size_t unused_xorbs = 0;     // that no file names
  std::uint64_t unused_bytes = 0;   // of unused objects and xorbs
  std::size_t old_footers = 0;      // xorbs whose footer has version 0, until they are read
};

// Follows every reference: settings, branches and tags, commits and their parents, folders,
// contents and proofs, Xet files and xorbs; and checks each id against what it names. Changes
// nothing. `on_problem` is called with what is wrong, and where. Cancelled on stop; an error when
// the store does not answer. A hub that is written to meanwhile is checked as it was when each part
// was read.
Result<FsckResult> check_hub(ObjectStore& store, const FsckOptions& options,
                             const std::function<void(std::string_view)>& on_problem,
                             std::stop_token stop = {});

}  // namespace hubdist

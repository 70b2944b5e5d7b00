#include "io/internal/dedupe_sources.h"

#include <algorithm>
#include <utility>

#include <hubdist/base/hex.h>
#include <hubdist/base/json_writer.h>

namespace hubdist::internal {
namespace {

// Deeper folders are an error rather than a full stack.
constexpr std::size_t kMaxDepth = 200;

Status no_file(const Path& path) {
  return invalid_argument(path.native(),
                          " is neither a file nor a folder: devices, sockets and, inside folders, "
                          "pipes cannot be compared");
}

class Walk {
 public:
  Walk(FileSystem& fs, std::vector<SourceFile>& files, const PathFilter& filter,
       std::stop_token stop)
      : fs_(fs), files_(files), filter_(filter), stop_(std::move(stop)) {}

  Status folder(const Path& location, const std::string& prefix, std::size_t depth) {
    if (stop_.stop_requested()) return cancelled("the comparison was stopped");
    if (depth > kMaxDepth)
      return invalid_argument(location.native(), " lies deeper than ", kMaxDepth, " folders");
    HUBDIST_ASSIGN(const auto entries, fs_.list(location));
    for (const DirectoryEntry& entry : entries)
      HUBDIST_TRY(one(location / entry.name, prefix, entry, depth));
    return {};
  }

 private:
  Status one(const Path& location, const std::string& prefix, const DirectoryEntry& entry,
             std::size_t depth) {
    const std::string path = prefix + entry.name;
    if (entry.type == FileType::kDirectory) {
      const bool left_out = entry.name == ".git" || path == ".cache/huggingface" ||
                            path.ends_with("/.cache/huggingface");
      return left_out ? Status() : folder(location, path + "/", depth + 1);
    }
    if (!filter_.matches(path)) return {};
    HUBDIST_ASSIGN(const FileInfo info, fs_.info(location));
    if (info.type == FileType::kDirectory) return {};  // a link to a folder
    if (info.type != FileType::kFile) return no_file(location);
    files_.push_back({path, location, info.size, true});
    return {};
  }

  FileSystem& fs_;
  std::vector<SourceFile>& files_;
  const PathFilter& filter_;
  std::stop_token stop_;
};

}  // namespace

Result<SourceFiles> find_files(FileSystem& fs, const DedupeSource& source, const PathFilter& filter,
                               std::stop_token stop) {
  SourceFiles found;
  const bool standard_input = source.path == "-";
  const Path location = standard_input ? Path("/dev/stdin") : source.path;
  HUBDIST_ASSIGN(const FileInfo info, fs.info(location));
  if (info.type == FileType::kDirectory) {
    HUBDIST_TRY(Walk(fs, found.files, filter, std::move(stop)).folder(location, "", 0));
    std::sort(found.files.begin(), found.files.end(),
              [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
    return found;
  }
  const bool regular = info.type == FileType::kFile;
  if (!regular && info.type != FileType::kPipe) return no_file(location);
  found.single_file = true;
  found.files.push_back({standard_input ? "-" : location.filename().native(), location,
                         regular ? info.size : 0, regular});
  return found;
}

std::string readable_path(std::string_view path) {
  if (is_utf8(path)) return std::string(path);
  std::string out;
  for (const char c : path) {
    if (static_cast<unsigned char>(c) < 0x80)
      out.push_back(c);
    else
      out += "\\x" + to_hex(as_bytes(std::string_view(&c, 1)));
  }
  return out;
}

}  // namespace hubdist::internal

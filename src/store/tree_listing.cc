#include <algorithm>

#include <simdjson.h>

#include "store/internal/python_json.h"
#include <hubdist/base/json_writer.h>
#include <hubdist/core/hash.h>
#include <hubdist/core/merkle.h>
#include <hubdist/store/hf_cache.h>
#include <hubdist/store/tree_listing.h>

namespace hubdist {
namespace {

namespace dom = simdjson::dom;

constexpr std::int64_t kFormatVersion = 1;
constexpr std::uint64_t kMaxListingSize = 512 * kMiB;  // of a million files

Path listing_path(const Path& folder, std::string_view commit) {
  return folder / "trees" / concat(commit, ".json");
}

// The object id of the pointer that git keeps for an LFS file (format: git-lfs docs/spec.md).
std::string pointer_id(const FileEntry& file) {
  const std::string pointer =
      concat("version https://git-lfs.github.com/spec/v1\noid sha256:", file.identity.sha256->hex(),
             "\nsize ", file.size, '\n');
  return git_sha1(as_bytes(pointer)).hex();
}

std::string entry_json(const FileEntry& file) {
  const bool lfs = file.lfs && file.identity.sha256;
  std::string out = concat("{\n   \"size\": ", file.size, ",\n   \"blob_id\": \"",
                           lfs ? pointer_id(file) : file.etag, '"');
  if (lfs)
    out += concat(",\n   \"lfs_sha256\": \"", file.identity.sha256->hex(),
                  "\",\n   \"lfs_size\": ", file.size);
  if (file.identity.xet) out += concat(",\n   \"xet_hash\": \"", xet_hex(*file.identity.xet), '"');
  return out + "\n  }";
}

std::optional<std::string_view> text_field(dom::element object, const char* key) {
  std::string_view text;
  if (object[key].get(text) != simdjson::SUCCESS) return std::nullopt;
  return text;
}

Result<FileEntry> parse_entry(std::string_view path, dom::element info) {
  FileEntry file;
  file.path = path;
  HUBDIST_TRY(check_relative_path(path));
  if (info["size"].get(file.size) != simdjson::SUCCESS) return invalid_argument("no size");
  const auto blob_id = text_field(info, "blob_id");
  if (!blob_id) return invalid_argument("no blob_id");
  file.etag = *blob_id;
  if (const auto sha256 = text_field(info, "lfs_sha256")) {
    file.lfs = true;
    file.etag = *sha256;
    HUBDIST_ASSIGN(file.identity.sha256, Sha256::parse(*sha256));
    if (std::uint64_t size = 0; info["lfs_size"].get(size) == simdjson::SUCCESS) file.size = size;
  } else if (const auto sha1 = Sha1::parse(*blob_id); sha1.ok()) {
    file.identity.git_sha1 = *sha1;
  }
  if (const auto xet = text_field(info, "xet_hash")) {
    HUBDIST_ASSIGN(file.identity.xet, parse_xet_hex<XetHash>(*xet));
  }
  HUBDIST_TRY(check_blob_name(file.etag));
  return file;
}

Result<std::vector<FileEntry>> parse_listing(const std::string& text) {
  dom::parser parser;
  dom::element root;
  std::int64_t version = 0;
  dom::object entries;
  if (parser.parse(text).get(root) != simdjson::SUCCESS) return invalid_argument("no JSON");
  if (root["format_version"].get(version) != simdjson::SUCCESS || version != kFormatVersion)
    return invalid_argument("of another format");
  if (root["files"].get(entries) != simdjson::SUCCESS) return invalid_argument("no files");
  std::vector<FileEntry> files;
  for (const auto& [path, info] : entries) {
    HUBDIST_ASSIGN(FileEntry file, parse_entry(path, info));
    files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(),
            [](const FileEntry& a, const FileEntry& b) { return a.path < b.path; });
  return files;
}

}  // namespace

std::optional<std::vector<FileEntry>> read_tree_listing(FileSystem& fs, const Path& folder,
                                                        std::string_view commit) {
  if (!check_blob_name(commit).ok()) return std::nullopt;
  const auto text = read_file(fs, listing_path(folder, commit), kMaxListingSize);
  if (!text.ok()) return std::nullopt;
  auto files = parse_listing(*text);
  if (!files.ok()) return std::nullopt;
  return *std::move(files);
}

Status write_tree_listing(FileSystem& fs, const Path& folder, std::string_view commit,
                          const std::vector<FileEntry>& files) {
  HUBDIST_TRY(check_blob_name(commit));
  if (!std::all_of(files.begin(), files.end(), [](const auto& f) { return is_utf8(f.path); }))
    return {};
  std::string text = "{\n \"format_version\": 1,\n \"files\": {";
  for (std::size_t i = 0; i < files.size(); ++i)
    text += concat(i == 0 ? "\n  " : ",\n  ", internal::python_json_string(files[i].path), ": ",
                   entry_json(files[i]));
  text += files.empty() ? "}\n}" : "\n }\n}";
  const Path path = listing_path(folder, commit);
  HUBDIST_TRY(fs.make_directories(path.parent_path()));
  return write_file_atomic(fs, path, as_bytes(text));
}

}  // namespace hubdist

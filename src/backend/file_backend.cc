#include <algorithm>
#include <array>
#include <vector>

#include <hubdist/backend/file_backend.h>

namespace hubdist {
namespace {

constexpr std::size_t kReadSize = 256 * kKiB;
constexpr std::size_t kMaxDepth = 64;

class FileBackend final : public Backend {
 public:
  explicit FileBackend(FileSystem& fs) : fs_(fs) {}

  BackendCapabilities capabilities() const override {
    return {.list = true, .ranges = true, .put = true, .revisions = false};
  }

  Result<ObjectInfo> stat(const Uri& uri, std::stop_token) override {
    HUBDIST_ASSIGN(const FileInfo info, fs_.info(uri.path));
    if (info.type != FileType::kFile) return invalid_argument(uri.path, " is not a file");
    return ObjectInfo{.size = info.size, .identity = {}, .etag = version(info), .commit = {}};
  }

  Result<ListPage> list(const Uri& uri, const std::string&, std::stop_token stop) override {
    ListPage page;
    HUBDIST_TRY(walk(uri.path, "", 0, page, stop));
    return page;
  }

  Status read(const Uri& uri, ByteRange range, const BodySink& sink,
              std::stop_token stop) override {
    HUBDIST_ASSIGN(const auto file, fs_.open(uri.path, OpenMode::kRead));
    std::vector<std::byte> buffer(std::min<std::uint64_t>(kReadSize, range.size()));
    while (!range.empty()) {
      if (stop.stop_requested()) return cancelled("stopped reading ", uri.path);
      const std::size_t want =
          static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), range.size()));
      HUBDIST_ASSIGN(const std::size_t got,
                     file->pread(MutableBytes(buffer).first(want), range.begin));
      if (got == 0)
        return out_of_range(uri.path, " ends at or before byte ", range.begin, ", ", range.size(),
                            " more were asked for");
      HUBDIST_TRY(sink(ByteView(buffer).first(got)));
      range.begin += got;
    }
    return {};
  }

  // Readers see the old content or the whole new one.
  Status put(const Uri& uri, std::uint64_t size, const BodySource& source,
             std::stop_token stop) override {
    const Path path = uri.path;
    const Path partial = concat(uri.path, ".hubdist-part");
    HUBDIST_TRY(fs_.make_directories(path.parent_path()));
    Status status = write_all(partial, size, source, stop);
    if (status.ok()) status = fs_.rename(partial, path);
    if (!status.ok()) (void)fs_.remove(partial);
    return status.ok() ? fs_.sync_directory(path.parent_path()) : status;
  }

  Result<bool> exists(const Uri& uri, std::stop_token) override {
    const auto info = fs_.info(uri.path);
    if (info.ok()) return true;
    if (info.status().code() == StatusCode::kNotFound) return false;
    return info.status();
  }

  std::string scope(const Uri&) const override { return "file"; }

 private:
  static std::string version(const FileInfo& info) {
    return concat(info.inode, "-", info.size, "-", info.mtime_ns);
  }

  Status walk(const Path& root, const std::string& below, std::size_t depth, ListPage& page,
              std::stop_token stop) {
    if (stop.stop_requested()) return cancelled("stopped listing ", root.native());
    if (depth > kMaxDepth)
      return failed_precondition("more than ", kMaxDepth, " folders lie inside each other in ",
                                 root.native());
    HUBDIST_ASSIGN(const auto entries, fs_.list(below.empty() ? root : root / below));
    for (const DirectoryEntry& entry : entries) {
      const std::string path = below.empty() ? entry.name : below + "/" + entry.name;
      if (entry.type == FileType::kDirectory) {
        HUBDIST_TRY(walk(root, path, depth + 1, page, stop));
        continue;
      }
      HUBDIST_ASSIGN(const FileInfo info, fs_.info(root / path));
      if (info.type != FileType::kFile) continue;  // sockets, links to folders
      page.entries.push_back(
          {.path = path, .size = info.size, .identity = {}, .etag = version(info), .lfs = false});
    }
    return {};
  }

  Status write_all(const Path& path, std::uint64_t size, const BodySource& source,
                   std::stop_token stop) {
    HUBDIST_ASSIGN(const auto file, fs_.open(path, OpenMode::kTruncate));
    std::vector<std::byte> buffer(kReadSize);
    std::uint64_t written = 0;
    while (true) {
      if (stop.stop_requested()) return cancelled("stopped writing ", path.native());
      HUBDIST_ASSIGN(const std::size_t got, source(buffer));
      if (got == 0) break;
      HUBDIST_TRY(file->pwrite(ByteView(buffer).first(got), written));
      written += got;
    }
    if (written != size)
      return data_loss("the source for ", path.native(), " gave ", written, " bytes, not ", size);
    return file->sync();
  }

  FileSystem& fs_;
};

}  // namespace

std::shared_ptr<Backend> make_file_backend(FileSystem& fs) {
  return std::make_shared<FileBackend>(fs);
}

}  // namespace hubdist

#include <algorithm>
#include <utility>
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
    return read_version(uri, {}, range, sink, std::move(stop));
  }

  Status read_version(const Uri& uri, std::string_view etag, ByteRange range, const BodySink& sink,
                      std::stop_token stop) override {
    if (range.empty()) return {};
    HUBDIST_ASSIGN(const auto file, fs_.open(uri.path, OpenMode::kRead));
    HUBDIST_TRY(check_version(*file, etag));
    HUBDIST_TRY(read_open(*file, range, sink, stop));
    return check_version(*file, etag);  // an edit meanwhile
  }

  // Readers see the old content or the whole new one.
  Status put(const Uri& uri, std::uint64_t size, const BodySource& source,
             std::stop_token stop) override {
    const Path path = uri.path;
    HUBDIST_TRY(fs_.make_directories(path.parent_path()));
    HUBDIST_ASSIGN(TemporaryFile temporary, make_temporary(fs_, path));
    Status status = write_all(*temporary.file, size, source, stop);
    temporary.file.reset();
    if (status.ok()) status = fs_.rename(temporary.path, path);
    if (!status.ok()) fs_.remove(temporary.path).IgnoreError();
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

  static Status check_version(File& file, std::string_view etag) {
    if (etag.empty()) return {};
    HUBDIST_ASSIGN(const FileInfo info, file.info());
    if (version(info) == etag) return {};
    return aborted(file.path().native(), " was changed since it was looked at");
  }

  static Status read_open(File& file, ByteRange range, const BodySink& sink,
                          const std::stop_token& stop) {
    const std::string& name = file.path().native();
    const std::uint64_t begin = range.begin;
    std::vector<std::byte> buffer(std::min<std::uint64_t>(kReadSize, range.size()));
    while (!range.empty()) {
      if (stop.stop_requested()) return cancelled("stopped reading ", name);
      const std::size_t want =
          static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), range.size()));
      HUBDIST_ASSIGN(const std::size_t got,
                     file.pread(MutableBytes(buffer).first(want), range.begin));
      if (got == 0 && range.begin == begin) return out_of_range(name, " has no byte ", begin);
      if (got == 0) return unavailable(name, " ends at ", range.begin, ", before byte ", range.end);
      HUBDIST_TRY(sink(ByteView(buffer).first(got)));
      range.begin += got;
    }
    return {};
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

  static Status write_all(File& file, std::uint64_t size, const BodySource& source,
                          const std::stop_token& stop) {
    const std::string& name = file.path().native();
    std::vector<std::byte> buffer(kReadSize);
    std::uint64_t written = 0;
    while (true) {
      if (stop.stop_requested()) return cancelled("stopped writing ", name);
      HUBDIST_ASSIGN(const std::size_t got, source(buffer));
      if (got == 0) break;
      HUBDIST_TRY(file.pwrite(ByteView(buffer).first(got), written));
      written += got;
    }
    if (written != size)
      return data_loss("the source for ", name, " gave ", written, " bytes, not ", size);
    return file.sync();
  }

  FileSystem& fs_;
};

}  // namespace

std::shared_ptr<Backend> make_file_backend(FileSystem& fs) {
  return std::make_shared<FileBackend>(fs);
}

}  // namespace hubdist

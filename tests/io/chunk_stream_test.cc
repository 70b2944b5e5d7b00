#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "src/io/internal/processors.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include <hubdist/io/chunk_stream.h>
#include <hubdist/io/dedupe_files.h>
#include <hubdist/io/hash_file.h>

using namespace hubdist;
using hubdist::testing::FaultFileSystem;
using hubdist::testing::FileOperation;
using hubdist::testing::random_bytes;
using hubdist::testing::TempDir;

namespace {

FileSystem& fs() { return posix_file_system(); }

Path put(const Path& path, ByteView content) {
  REQUIRE(write_file_atomic(fs(), path, content).ok());
  return path;
}

ChunkStreamOptions threads(std::size_t count) {
  ChunkStreamOptions options;
  options.threads = count;
  return options;
}

// All chunks of a stream, each batch checked against the content.
Result<std::vector<Chunk>> streamed(File& file, ByteView content, std::size_t count) {
  std::vector<Chunk> all;
  std::uint64_t end = 0;
  const auto sink = [&](const std::shared_ptr<const ChunkBatch>& batch) {
    CHECK(batch->offset == end);
    CHECK_FALSE(batch->chunks.empty());
    CHECK(std::ranges::equal(batch->bytes,
                             content.subspan(static_cast<std::size_t>(end), batch->bytes.size())));
    std::size_t sum = 0;
    for (const Chunk& chunk : batch->chunks) sum += chunk.size;
    CHECK(sum == batch->bytes.size());
    end += sum;
    all.insert(all.end(), batch->chunks.begin(), batch->chunks.end());
    return Status();
  };
  HUBDIST_TRY(stream_chunks(file, sink, threads(count)));
  CHECK(end == content.size());
  return all;
}

void check_file(const TempDir& dir, const Bytes& content) {
  const Path path = put(dir / "content", content);
  const Manifest expected = make_manifest(content);
  for (const std::size_t count : {std::size_t{1}, std::size_t{2}, std::size_t{5}}) {
    CAPTURE(content.size());
    CAPTURE(count);
    const auto manifest = chunk_file(fs(), path, threads(count));
    REQUIRE(manifest.ok());
    CHECK(*manifest == expected);
    const auto hashes = hash_files(fs(), {path, path}, threads(count));
    REQUIRE(hashes.ok());
    CHECK(*hashes == std::vector<XetHash>{expected.file_hash, expected.file_hash});
    const auto file = fs().open(path, OpenMode::kRead);
    REQUIRE(file.ok());
    const auto chunks = streamed(**file, content, count);
    REQUIRE(chunks.ok());
    CHECK(*chunks == expected.chunks);
  }
}

// Writes `content` into the pipe, as fast as it is read.
class PipeWriter {
 public:
  PipeWriter(const Path& path, const Bytes& content)
      : thread_([path, &content] {
          const auto file = fs().open(path, OpenMode::kReadWrite);
          for (std::size_t done = 0; file.ok() && done < content.size();) {
            const ssize_t n =
                ::write((*file)->descriptor(), content.data() + done, content.size() - done);
            if (n <= 0) break;
            done += static_cast<std::size_t>(n);
          }
        }) {}
  ~PipeWriter() { thread_.join(); }

 private:
  std::thread thread_;
};

// Runs `change` when the file is read at or behind `offset` for the first time.
void change_when_read(FaultFileSystem& faulty, std::uint64_t offset, std::function<void()> change) {
  const auto done = std::make_shared<std::atomic<bool>>(false);
  faulty.set_hook([=](const FileOperation& operation) {
    if (operation.name == "pread" && operation.offset >= offset && !done->exchange(true)) change();
    return Status();
  });
}

}  // namespace

TEST_CASE("a file's chunks are those of its bytes, on any number of threads") {
  const TempDir dir;
  for (const int size : {0, 1, 8191, 8192, 131'072, 131'073, 262'143, 1'048'576, 2'097'152,
                         4'194'304, 12'582'912, 12'582'913})
    check_file(dir, random_bytes(7, static_cast<std::size_t>(size)));
}

TEST_CASE("contents without common boundaries take longer, and come out right") {
  const TempDir dir;
  Bytes content = random_bytes(3, 100'001);
  content.resize(9'000'000);
  append_bytes(content, random_bytes(4, 4'000'000));
  content.resize(content.size() + 5'000'000, std::byte{7});
  check_file(dir, content);
}

TEST_CASE("a sparse file is read as zeros") {
  const TempDir dir;
  {
    const auto file = fs().open(dir / "sparse", OpenMode::kCreateNew);
    REQUIRE((*file)->truncate(20'000'000).ok());
  }
  const auto manifest = chunk_file(fs(), dir / "sparse", threads(2));
  REQUIRE(manifest.ok());
  CHECK(*manifest == make_manifest(Bytes(20'000'000)));
}

TEST_CASE("a pipe is read in order, to its end") {
  const TempDir dir;
  const Bytes content = random_bytes(5, 9'000'000);
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  {
    const PipeWriter writer(dir / "pipe", content);
    const auto manifest = chunk_file(fs(), dir / "pipe", threads(2));
    REQUIRE(manifest.ok());
    CHECK(*manifest == make_manifest(content));
  }
  const PipeWriter writer(dir / "pipe", content);
  const auto file = fs().open(dir / "pipe", OpenMode::kRead);
  REQUIRE(file.ok());
  const auto chunks = streamed(**file, content, 2);
  REQUIRE(chunks.ok());
  CHECK(*chunks == make_manifest(content).chunks);
}

TEST_CASE("what has no chunks is refused by name") {
  const TempDir dir;
  const auto refused = [&](const Path& path, StatusCode code, std::string_view word) {
    CAPTURE(path.native());
    for (const Status& status :
         {chunk_file(fs(), path).status(), hash_files(fs(), {path}).status()}) {
      CHECK(status.code() == code);
      CHECK(message(status).find(path.native()) != std::string_view::npos);
      CHECK(message(status).find(word) != std::string_view::npos);
    }
  };
  refused(dir / "missing", StatusCode::kNotFound, "No such file");
  refused(dir.path(), StatusCode::kInvalidArgument, "folder");
  refused("/dev/zero", StatusCode::kInvalidArgument, "device");
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (dir / "socket").c_str(), sizeof address.sun_path - 1);
  REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  refused(dir / "socket", StatusCode::kInvalidArgument, "socket");
  ::close(listener);
  put(dir / "secret", random_bytes(1, 100));
  REQUIRE(fs().set_mode(dir / "secret", 0).ok());
  if (::geteuid() != 0) refused(dir / "secret", StatusCode::kPermissionDenied, "secret");

  const auto folder = fs().open(dir.path(), OpenMode::kRead);
  REQUIRE(folder.ok());
  CHECK(stream_chunks(**folder, [](const auto&) { return Status(); }).code() ==
        StatusCode::kInvalidArgument);
}

TEST_CASE("a file that changes or shrinks while it is read is no file") {
  const TempDir dir;
  for (const std::size_t size : {std::size_t{600'000}, std::size_t{12'000'000}}) {
    for (const std::size_t count : {std::size_t{1}, std::size_t{3}}) {
      const auto check = [&](std::function<void(File&)> change) {
        const Path path = put(dir / "content", random_bytes(6, size));
        const auto changing = [&] {
          const auto file = fs().open(path, OpenMode::kReadWrite);
          change(**file);
        };
        for (const int way : {0, 1}) {
          CAPTURE(way);
          put(path, random_bytes(6, size));
          FaultFileSystem faulty;
          change_when_read(faulty, size / 2, changing);
          Status status;
          if (way == 0) {
            status = chunk_file(faulty, path, threads(count)).status();
          } else {
            const auto file = faulty.open(path, OpenMode::kRead);
            status = stream_chunks(
                **file, [](const auto&) { return Status(); }, threads(count));
          }
          CHECK(status.code() == StatusCode::kAborted);
          CHECK(message(status).find(path.native()) != std::string_view::npos);
        }
      };
      CAPTURE(size);
      CAPTURE(count);
      check([&](File& file) { CHECK(file.truncate(size / 2 - 1).ok()); });
      check([&](File& file) { CHECK(file.truncate(size + 1).ok()); });
      check([&](File& file) { CHECK(file.pwrite(as_bytes("other"), size - 10).ok()); });
    }
  }
}

TEST_CASE("an error of reading ends the stream") {
  const TempDir dir;
  const Path path = put(dir / "content", random_bytes(7, 12'000'000));
  for (const std::size_t count : {std::size_t{1}, std::size_t{3}}) {
    FaultFileSystem faulty;
    faulty.fail("pread", EIO, 7);
    const Status status = chunk_file(faulty, path, threads(count)).status();
    CHECK(detail(status, Detail::kErrno) == std::to_string(EIO));
    faulty.reset();
    faulty.fail("pread", EIO, 7);
    const auto file = faulty.open(path, OpenMode::kRead);
    CHECK_FALSE(stream_chunks(
                    **file, [](const auto&) { return Status(); }, threads(count))
                    .ok());
  }
}

TEST_CASE("the sink's error ends the stream, with its own words") {
  const TempDir dir;
  const Path path = put(dir / "content", random_bytes(8, 30'000'000));
  for (const std::size_t count : {std::size_t{1}, std::size_t{3}}) {
    const auto file = fs().open(path, OpenMode::kRead);
    const Status status = stream_chunks(
        **file, [](const auto&) { return data_loss("enough"); }, threads(count));
    CHECK(message(status) == "enough");
  }
}

TEST_CASE("a sink that holds batches makes the stream wait, and memory stays bounded") {
  const TempDir dir;
  const Path path = put(dir / "content", random_bytes(9, 120'000'000));
  for (const std::size_t count : {std::size_t{1}, std::size_t{2}}) {
    const auto file = fs().open(path, OpenMode::kRead);
    std::vector<std::shared_ptr<const ChunkBatch>> held;
    std::atomic<std::uint64_t> most = 0;
    std::stop_source stop;
    // Nobody lets go: the stream has to stop reading on its own. Then it is stopped.
    std::jthread stopper([&] {
      std::uint64_t before = 0;
      for (int i = 0; i < 300 && (most <= 16 * kMiB || most != before); ++i) {
        before = most;
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
      }
      stop.request_stop();
    });
    const Status status = stream_chunks(
        **file,
        [&](std::shared_ptr<const ChunkBatch> batch) {
          most += batch->bytes.size();
          held.push_back(std::move(batch));
          return Status();
        },
        threads(count), stop.get_token());
    CHECK(status.code() == StatusCode::kCancelled);
    CHECK(most <= 64 * kMiB + count * 16 * kMiB);
    CHECK(most > 16 * kMiB);
  }
}

TEST_CASE("batches may be let go on another thread, after the stream") {
  const TempDir dir;
  const Bytes content = random_bytes(10, 70'000'000);
  const Path path = put(dir / "content", content);
  std::vector<std::shared_ptr<const ChunkBatch>> held;
  {
    const auto file = fs().open(path, OpenMode::kRead);
    REQUIRE(stream_chunks(
                **file,
                [&](std::shared_ptr<const ChunkBatch> batch) {
                  if (held.size() < 3) held.push_back(std::move(batch));
                  return Status();
                },
                threads(2))
                .ok());
  }
  std::thread([&] {
    for (const auto& batch : held)
      CHECK(std::ranges::equal(
          batch->bytes,
          ByteView(content).subspan(static_cast<std::size_t>(batch->offset), batch->bytes.size())));
    held.clear();
  }).join();
}

TEST_CASE("a stop request ends reading, also of a pipe that nobody writes") {
  const TempDir dir;
  const Path path = put(dir / "content", random_bytes(11, 12'000'000));
  for (const std::size_t count : {std::size_t{1}, std::size_t{3}}) {
    std::stop_source stop;
    FaultFileSystem faulty;
    change_when_read(faulty, 3'000'000, [&] { stop.request_stop(); });
    CHECK(chunk_file(faulty, path, threads(count), stop.get_token()).status().code() ==
          StatusCode::kCancelled);
    CHECK(hash_files(fs(), {path, path}, threads(count), stop.get_token()).status().code() ==
          StatusCode::kCancelled);
  }
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  const auto writer = fs().open(dir / "pipe", OpenMode::kReadWrite);  // and stays silent
  std::stop_source stop;
  const std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop.request_stop();
  });
  CHECK(chunk_file(fs(), dir / "pipe", {}, stop.get_token()).status().code() ==
        StatusCode::kCancelled);
}

TEST_CASE("a stop request ends the wait for a pipe's first writer") {
  const TempDir dir;
  const Path pipe = dir / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const auto stopped = [&](const auto& call) {
    std::stop_source stop;
    const std::jthread stopper([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      stop.request_stop();
    });
    CHECK(call(stop.get_token()).status().code() == StatusCode::kCancelled);
  };
  stopped([&](const std::stop_token& stop) { return chunk_file(fs(), pipe, {}, stop); });
  stopped([&](const std::stop_token& stop) { return hash_file(fs(), pipe, {}, stop); });
  stopped([&](const std::stop_token& stop) { return hash_files(fs(), {pipe}, {}, stop); });
  stopped([&](const std::stop_token& stop) {
    return estimate_dedupe(fs(), {{"pipe", "", pipe}}, {}, stop);
  });
}

TEST_CASE("a pipe that was opened first waits for its writer, and ends with it") {
  const TempDir dir;
  const Path pipe = dir / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const auto file = fs().open(pipe, OpenMode::kReadNoWait);
  REQUIRE(file.ok());
  const std::jthread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::ofstream(pipe, std::ios::binary) << "late";
  });
  std::string got;
  while (true) {
    std::array<std::byte, 16> room;
    const auto size = (*file)->read(room);
    REQUIRE(size.ok());
    if (*size == 0) break;
    got.append(reinterpret_cast<const char*>(room.data()), *size);
  }
  CHECK(got == "late");
}

TEST_CASE("hashes come in the order of their paths, small and big files mixed") {
  const TempDir dir;
  std::vector<Path> paths;
  std::vector<XetHash> expected;
  for (std::size_t i = 0; i < 60; ++i) {
    const Bytes content = random_bytes(i, i % 20 == 7 ? 34'000'000 + i : i * 5000);
    paths.push_back(put(dir / std::to_string(i), content));
    expected.push_back(make_manifest(content).file_hash);
  }
  const auto hashes = hash_files(fs(), paths, threads(3));
  REQUIRE(hashes.ok());
  CHECK(*hashes == expected);
  CHECK(hash_files(fs(), {})->empty());
}

TEST_CASE("of many files the one that fails is named") {
  const TempDir dir;
  std::vector<Path> paths;
  for (int i = 0; i < 20; ++i) paths.push_back(put(dir / std::to_string(i), random_bytes(1, 1000)));
  paths[13] = dir / "gone";
  const Status status = hash_files(fs(), paths, threads(2)).status();
  CHECK(status.code() == StatusCode::kNotFound);
  CHECK(message(status).find("gone") != std::string_view::npos);
}

TEST_CASE("a process may use at least one processor") {
  CHECK(internal::usable_processors() >= 1);
  CHECK(internal::usable_processors() <= std::max(1u, std::thread::hardware_concurrency()));
}

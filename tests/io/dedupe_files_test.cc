#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/fault_file_system.h"
#include "tests/support/sample_data.h"
#include "tests/support/temp_dir.h"
#include <hubdist/io/dedupe_files.h>

using namespace hubdist;
using namespace hubdist::testing;

namespace {

void put(const Path& path, ByteView content) {
  std::filesystem::create_directories(path.parent_path());
  REQUIRE(write_file_atomic(posix_file_system(), path, content).ok());
}

DedupeSource source(const Path& path) { return {path.native(), "", path}; }

Result<DedupeReport> try_compare(const std::vector<Path>& paths, const DedupeOptions& options = {},
                                 FileSystem& fs = posix_file_system()) {
  std::vector<DedupeSource> sources;
  for (const Path& path : paths) sources.push_back(source(path));
  return estimate_dedupe(fs, sources, options);
}

DedupeReport compare(const std::vector<Path>& paths, const DedupeOptions& options = {}) {
  auto report = try_compare(paths, options);
  REQUIRE(report.ok());
  return *std::move(report);
}

std::vector<std::string> paths_of(const DedupeVersion& version) {
  std::vector<std::string> paths;
  for (const DedupeFile& file : version.files) paths.push_back(file.path);
  return paths;
}

// That an error has the code and names the path.
void check_error(const Result<DedupeReport>& report, StatusCode code, const Path& path) {
  CHECK(report.status().code() == code);
  CHECK(std::string(message(report.status())).find(path.native()) != std::string::npos);
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("the report of two files, whatever the number of threads") {
  const TempDir dir;
  Bytes content = bf16_weights(1, 3'000'000);
  append_bytes(content, words(2, 2'000'000));
  append_bytes(content, Bytes(1'000'000));
  put(dir / "a.bin", content);
  content.insert(content.begin() + 1'500'000, std::byte{7});
  put(dir / "b.bin", content);

  std::vector<std::string> reports;
  for (const std::size_t threads : {1u, 2u, 5u}) {
    DedupeOptions options;
    options.threads = threads;
    DedupeReport report = compare({dir / "a.bin", dir / "b.bin"}, options);
    report.seconds = 0;
    reports.push_back(to_json(report));
    const DedupeNumbers& numbers = report.versions[1].numbers;
    CHECK(numbers.size == 6'000'001);
    CHECK(numbers.new_chunks >= 1);
    CHECK(numbers.new_bytes < 600'000);
    CHECK(report.versions[1].files[0].change == FileChange::kChanged);
  }
  CHECK(reports[1] == reports[0]);
  CHECK(reports[2] == reports[0]);
}

TEST_CASE("folders are compared by path") {
  const TempDir dir;
  put(dir / "v1/a", words(1, 20'000));
  put(dir / "v1/sub/b", words(2, 20'000));
  put(dir / "v2/a", words(1, 20'000));
  put(dir / "v2/other/b", words(2, 20'000));
  put(dir / "v2/c", {});
  put(dir / "v2/.git/config", words(3, 100));
  put(dir / "v2/.cache/huggingface/x", words(3, 100));
  put(dir / "v2/.cache/kept", words(3, 100));
  const DedupeReport report = compare({dir / "v1", dir / "v2"});
  CHECK(paths_of(report.versions[0]) == Paths{"a", "sub/b"});
  CHECK(paths_of(report.versions[1]) == Paths{".cache/kept", "a", "c", "other/b"});
  CHECK(report.versions[1].files[1].change == FileChange::kUnchanged);
  CHECK(report.versions[1].files[3].change == FileChange::kRenamed);
  CHECK(report.versions[1].files[3].previous_path == "sub/b");
}

TEST_CASE("a Hugging Face snapshot, whose files are links, is read; loops of links end") {
  const TempDir dir;
  put(dir / "blobs/1234", words(1, 10'000));
  const Path snapshot = dir / "snapshots/main";
  std::filesystem::create_directories(snapshot / "sub");
  std::filesystem::create_symlink("../../blobs/1234", snapshot / "model.bin");
  std::filesystem::create_directory_symlink(".", snapshot / "self");
  std::filesystem::create_directory_symlink("..", snapshot / "sub/up");
  const DedupeReport report = compare({snapshot});
  CHECK(paths_of(report.versions[0]) == Paths{"model.bin"});
  CHECK(report.versions[0].numbers.size == 10'000);
}

TEST_CASE("names that are not UTF-8 survive") {
  const TempDir dir;
  put(dir / "v/\xff\xc3\xa9", words(1, 100));
  put(dir / "v/caf\xc3\xa9", words(2, 100));
  const DedupeReport report = compare({dir / "v", dir / "v"});
  CHECK(paths_of(report.versions[1]) == Paths{"\\xff\\xc3\\xa9", "caf\xc3\xa9"});
  CHECK(report.versions[1].files[0].change == FileChange::kUnchanged);
}

TEST_CASE("sparse and empty files") {
  const TempDir dir;
  put(dir / "sparse", {});
  std::filesystem::resize_file(dir / "sparse", 40 << 20);
  put(dir / "empty", {});
  const DedupeReport report = compare({dir / "sparse", dir / "empty"});
  CHECK(report.versions[0].numbers.size == 40 << 20);
  CHECK(report.versions[0].numbers.new_chunks == 1);
  CHECK(report.versions[1].numbers.size == 0);
}

TEST_CASE("a layout is read, and a damaged one is a note") {
  const TempDir dir;
  std::string header = R"({"a":{"dtype":"U8","shape":[9000],"data_offsets":[0,9000]}})";
  Bytes file;
  append_le(file, static_cast<std::uint64_t>(header.size()));
  append_bytes(file, as_bytes(header));
  append_bytes(file, random_bytes(1, 9000));
  put(dir / "whole", file);
  file.resize(file.size() - 100);
  put(dir / "cut", file);
  const DedupeReport report = compare({dir / "whole", dir / "cut"});
  CHECK(report.versions[0].files[0].regions.size() == 2);
  CHECK(report.versions[1].files[0].notes.size() == 1);
  CHECK(report.versions[1].numbers.size == file.size());

  DedupeOptions options;
  options.layouts = false;
  CHECK(compare({dir / "whole"}, options).versions[0].files[0].regions.empty());
}

TEST_CASE("progress reaches the total, which is known first") {
  const TempDir dir;
  put(dir / "a", random_bytes(1, 20'000'000));
  put(dir / "b", random_bytes(2, 100));
  std::vector<DedupeProgress> seen;
  DedupeOptions options;
  options.on_progress = [&](const DedupeProgress& progress) { seen.push_back(progress); };
  compare({dir / "a", dir / "b"}, options);
  REQUIRE(seen.size() > 3);
  CHECK(seen.front().done == 0);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    CHECK(seen[i].total == 20'000'100);
    CHECK((i == 0 || seen[i].done >= seen[i - 1].done));
  }
  CHECK(seen.back().done == 20'000'100);
  CHECK(seen.back().file == "b");
}

TEST_CASE("a pipe is read to its end") {
  const TempDir dir;
  const Path pipe = dir / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const Bytes content = words(1, 1'000'000);
  put(dir / "file", content);
  std::thread writer([&] {
    std::ofstream out(pipe, std::ios::binary);
    out.write(reinterpret_cast<const char*>(content.data()),
              static_cast<std::streamsize>(content.size()));
  });
  const auto report = try_compare({dir / "file", pipe});
  writer.join();
  REQUIRE(report.ok());
  CHECK(report->versions[1].files[0].change == FileChange::kUnchanged);
  CHECK(report->versions[1].numbers.size == content.size());
}

TEST_CASE("errors name the file") {
  const TempDir dir;
  put(dir / "file", words(1, 1000));
  check_error(try_compare({dir / "file", dir / "missing"}), StatusCode::kNotFound, dir / "missing");
  check_error(try_compare({"/dev/null"}), StatusCode::kInvalidArgument, "/dev/null");
  std::filesystem::create_directories(dir / "folder");
  REQUIRE(::mkfifo((dir / "folder/pipe").c_str(), 0600) == 0);
  check_error(try_compare({dir / "folder"}), StatusCode::kInvalidArgument, dir / "folder/pipe");
  std::filesystem::create_directories(dir / "links");
  std::filesystem::create_symlink("nowhere", dir / "links/dangling");
  check_error(try_compare({dir / "links"}), StatusCode::kNotFound, dir / "links/dangling");
}

TEST_CASE("a file that cannot be opened or read") {
  const TempDir dir;
  put(dir / "file", words(1, 100'000));
  FaultFileSystem fs;
  fs.fail("open", EACCES);
  check_error(try_compare({dir / "file"}, {}, fs), StatusCode::kPermissionDenied, dir / "file");
  fs.reset();
  fs.fail("pread", EIO);
  const auto report = try_compare({dir / "file"}, {}, fs);
  CHECK_FALSE(report.ok());
  CHECK(std::string(message(report.status())).find((dir / "file").native()) != std::string::npos);
}

TEST_CASE("a file that changes while it is read") {
  const TempDir dir;
  const Path path = dir / "file";
  put(path, random_bytes(1, 30'000'000));
  FaultFileSystem fs;
  std::atomic<bool> done = false;
  fs.set_hook([&](const FileOperation& operation) {
    if (operation.name == "pread" && operation.offset > 10'000'000 && !done.exchange(true))
      std::filesystem::resize_file(path, 15'000'000);
    return Status();
  });
  check_error(try_compare({path}, {}, fs), StatusCode::kAborted, path);
}

TEST_CASE("a comparison can be stopped") {
  const TempDir dir;
  put(dir / "file", random_bytes(1, 30'000'000));
  std::stop_source stop;
  DedupeOptions options;
  options.on_progress = [&](const DedupeProgress& progress) {
    if (progress.done > 0) stop.request_stop();
  };
  const auto report =
      estimate_dedupe(posix_file_system(), {source(dir / "file")}, options, stop.get_token());
  CHECK(report.status().code() == StatusCode::kCancelled);
}

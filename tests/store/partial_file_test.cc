#include <random>
#include <thread>

#include <doctest/doctest.h>

#include "tests/support/fault_file_system.h"
#include "tests/support/temp_dir.h"
#include <hubdist/core/hash.h>
#include <hubdist/core/manifest.h>
#include <hubdist/store/partial_file.h>

using namespace hubdist;
using hubdist::testing::FaultFileSystem;
using hubdist::testing::TempDir;

namespace {

constexpr std::uint64_t kSize = 5 * kMiB + 12'345;
constexpr std::uint64_t kSpan = 512 * kKiB;  // what one record covers

Bytes random_bytes(std::size_t size, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  Bytes out(size);
  for (std::byte& b : out) b = static_cast<std::byte>(random());
  return out;
}

struct Fixture {
  TempDir dir;
  FaultFileSystem fs;
  Bytes data = random_bytes(kSize);
  Path final_path = dir / "blobs/final";

  PartialOptions options() {
    PartialOptions options;
    options.paths = {dir / "blobs/x.hubdist-part", dir / "blobs/x.hubdist-log"};
    options.size = data.size();
    options.identity.sha256 = sha256(data);
    options.name = "model.bin";
    return options;
  }
  std::unique_ptr<PartialFile> open() { return open(options()); }
  std::unique_ptr<PartialFile> open(const PartialOptions& how) {
    auto file = PartialFile::open(fs, how);
    REQUIRE_MESSAGE(file.ok(), file.status().ToString());
    return *std::move(file);
  }
  ByteView part(std::uint64_t begin, std::uint64_t end) {
    return ByteView(data).subspan(begin, end - begin);
  }
  Status write(PartialFile& file, std::uint64_t begin, std::uint64_t end) {
    return file.write(begin, part(begin, end));
  }
  std::string published() {
    auto text = read_file(posix_file_system(), final_path, kSize * 2);
    return text.ok() ? *text : "";
  }
  std::uint64_t bytes_read_back() {
    std::uint64_t total = 0;
    for (const auto& operation : fs.operations())
      if (operation.name == "pread" && operation.path == options().paths.part)
        total += operation.size;
    return total;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "bytes in order are proved without a second pass, and published") {
  auto file = open();
  for (std::uint64_t at = 0; at < kSize; at += 10'000)
    REQUIRE(write(*file, at, std::min(kSize, at + 10'000)).ok());
  CHECK(file->complete());
  REQUIRE(file->verify().ok());
  CHECK(bytes_read_back() == 0);
  const auto info = file->publish(final_path);
  REQUIRE(info.ok());
  CHECK(info->same_content(*posix_file_system().info(final_path)));
  CHECK(published() == as_text(data));
  CHECK_FALSE(exists(fs, options().paths.part));
  CHECK_FALSE(exists(fs, options().paths.log));
  Bytes back(100);
  REQUIRE(file->read(4'000'000, back).ok());
  CHECK(std::equal(back.begin(), back.end(), data.begin() + 4'000'000));
  CHECK_FALSE(write(*file, 0, 10).ok());
}

TEST_CASE_FIXTURE(Fixture, "the file is on disk before it is visible at its path") {
  auto file = open();
  REQUIRE(write(*file, 0, kSize).ok());
  REQUIRE(file->verify().ok());
  fs.reset();
  REQUIRE(file->publish(final_path).ok());
  std::vector<std::string> order;
  for (const auto& operation : fs.operations())
    if (operation.name == "sync" || operation.name == "rename") order.push_back(operation.name);
  CHECK(order == std::vector<std::string>{"sync", "rename"});
}

TEST_CASE_FIXTURE(Fixture, "bytes in any order, from many threads") {
  auto file = open();
  std::vector<std::uint64_t> starts;
  for (std::uint64_t at = 0; at < kSize; at += 30'001) starts.push_back(at);
  std::shuffle(starts.begin(), starts.end(), std::mt19937_64(7));
  std::atomic<std::size_t> next = 0;
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (std::size_t n; (n = next++) < starts.size();)
          failures += !write(*file, starts[n], std::min(kSize, starts[n] + 30'001)).ok();
      });
  }
  CHECK(failures == 0);
  REQUIRE(file->verify().ok());
  REQUIRE(file->publish(final_path).ok());
  CHECK(published() == as_text(data));
}

TEST_CASE_FIXTURE(Fixture, "what was received is there again after a restart") {
  {
    auto file = open();
    REQUIRE(write(*file, 0, 700'000).ok());
    REQUIRE(write(*file, 2'000'000, 4'000'001).ok());
  }
  auto file = open();
  RangeSet expected(ByteRange{0, 700'000});
  expected.add({2'000'000, 4'000'001});
  CHECK(file->held() == expected);
  REQUIRE(write(*file, 700'000, 2'000'000).ok());
  REQUIRE(write(*file, 4'000'001, kSize).ok());
  REQUIRE(file->verify().ok());
  REQUIRE(file->publish(final_path).ok());
  CHECK(published() == as_text(data));
}

TEST_CASE_FIXTURE(Fixture, "a stopped download takes no more of the disk than it received") {
  {
    auto file = open();
    REQUIRE(write(*file, 0, 700'000).ok());
    REQUIRE(write(*file, 2'000'000, 4'000'001).ok());
  }
  RangeSet given_back;
  for (const auto& operation : fs.operations())
    if (operation.name == "release")
      given_back.add({operation.offset, operation.offset + operation.size});
  RangeSet missing(ByteRange{700'000, 2'000'000});
  missing.add({4'000'001, kSize});
  CHECK(given_back == missing);
  CHECK(open()->held().size() == 700'000 + 2'000'001);
}

TEST_CASE_FIXTURE(Fixture, "a log that ends anywhere loses only its last record") {
  {
    auto file = open();
    REQUIRE(write(*file, 0, 4 * kSpan).ok());
  }
  const auto paths = options().paths;
  const std::string whole = *read_file(fs, paths.log, kMiB);
  // From long to short: what a log does not record is given back when the file is closed.
  for (std::size_t length = whole.size() / 7 * 7 + 7; length > 0;) {
    length -= 7;
    REQUIRE(write_file_atomic(fs, paths.log, as_bytes(whole).first(length)).ok());
    auto file = open();
    const std::uint64_t records = length < 16 ? 0 : (length - 16) / 48;
    CHECK(file->held().size() == records * kSpan);
  }
}

TEST_CASE_FIXTURE(Fixture, "a damaged record or other bytes in the file are not believed") {
  {
    auto file = open();
    REQUIRE(write(*file, 0, 4 * kSpan).ok());
  }
  const auto paths = options().paths;
  SUBCASE("in the log") {
    std::string log = *read_file(fs, paths.log, kMiB);
    log[16 + 48 + 20] ^= 1;  // in the hash of the second record
    REQUIRE(write_file_atomic(fs, paths.log, as_bytes(log)).ok());
    CHECK(open()->held() == RangeSet({0, kSpan}));
  }
  SUBCASE("in the file") {
    std::string part = *read_file(fs, paths.part, kSize);
    part[kSpan + 3] ^= 1;
    REQUIRE(write_file_atomic(fs, paths.part, as_bytes(part)).ok());
    RangeSet expected({0, 4 * kSpan});
    expected.remove({kSpan, 2 * kSpan});
    auto file = open();
    CHECK(file->held() == expected);
    REQUIRE(write(*file, kSpan, 2 * kSpan).ok());
    REQUIRE(write(*file, 4 * kSpan, kSize).ok());
    CHECK(file->verify().ok());
  }
  SUBCASE("the file is gone") {
    REQUIRE(fs.remove(paths.part).ok());
    CHECK(open()->held().empty());
  }
  SUBCASE("the log is of another content") {
    auto other = options();
    other.size = kSize - 1;
    CHECK(open(other)->held().empty());
  }
}

TEST_CASE_FIXTURE(Fixture, "a whole that is not what the hub says is refused, and begun anew") {
  auto file = open();
  Bytes wrong = data;
  wrong[3 * kMiB] ^= std::byte{1};
  REQUIRE(file->write(0, wrong).ok());
  const Status found = file->verify();
  CHECK(found.code() == StatusCode::kDataLoss);
  CHECK(message(found).find("model.bin") != std::string_view::npos);
  CHECK(message(found).find(sha256(data).hex()) != std::string_view::npos);
  CHECK(message(found).find(sha256(wrong).hex()) != std::string_view::npos);
  CHECK_FALSE(file->publish(final_path).ok());
  CHECK_FALSE(exists(fs, final_path));
  REQUIRE(file->discard().ok());
  CHECK(file->held().empty());
  REQUIRE(write(*file, 0, kSize).ok());
  CHECK(file->verify().ok());
  CHECK(file->publish(final_path).ok());
}

TEST_CASE_FIXTURE(Fixture, "bytes written again count as they are on disk") {
  auto file = open();
  Bytes wrong(data.begin(), data.begin() + kMiB);
  wrong[5] ^= std::byte{1};
  REQUIRE(file->write(0, wrong).ok());
  SUBCASE("before the end") {
    REQUIRE(write(*file, 0, 2 * kMiB).ok());
    REQUIRE(write(*file, 2 * kMiB, kSize).ok());
    CHECK(file->verify().ok());
  }
  SUBCASE("after a failed proof") {
    REQUIRE(write(*file, kMiB, kSize).ok());
    CHECK(file->verify().code() == StatusCode::kDataLoss);
    REQUIRE(write(*file, 0, kMiB).ok());
    CHECK(file->verify().ok());
  }
  SUBCASE("a good file made bad after its proof is not published") {
    REQUIRE(write(*file, 0, kSize).ok());
    REQUIRE(file->verify().ok());
    REQUIRE(file->write(0, wrong).ok());
    CHECK_FALSE(file->publish(final_path).ok());
    CHECK(file->verify().code() == StatusCode::kDataLoss);
  }
}

TEST_CASE_FIXTURE(Fixture,
                  "an incomplete file is not proved, and no byte behind the end is taken") {
  auto file = open();
  REQUIRE(write(*file, 0, kSize - 1).ok());
  CHECK(file->verify().code() == StatusCode::kFailedPrecondition);
  CHECK(file->write(kSize - 1, random_bytes(2)).code() == StatusCode::kDataLoss);
  Bytes out(2);
  CHECK(file->read(kSize - 2, out).code() == StatusCode::kOutOfRange);
}

TEST_CASE_FIXTURE(Fixture, "without any digest the whole is taken as it came") {
  auto how = options();
  how.identity = {};
  auto file = open(how);
  CHECK_FALSE(file->provable());
  REQUIRE(write(*file, 0, kSize).ok());
  CHECK(file->verify().ok());
  CHECK(file->publish(final_path).ok());
}

TEST_CASE_FIXTURE(Fixture, "small and empty files need no log") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1000}}) {
    data = random_bytes(size);
    auto file = open();
    if (size > 0) REQUIRE(write(*file, 0, size).ok());
    CHECK_FALSE(exists(fs, options().paths.log));
    REQUIRE(file->verify().ok());
    REQUIRE(file->publish(final_path).ok());
    CHECK(published() == as_text(data));
  }
}

TEST_CASE_FIXTURE(Fixture, "a cancelled small file leaves nothing behind") {
  data = random_bytes(1000);
  { REQUIRE(write(*open(), 0, 10).ok()); }
  CHECK_FALSE(exists(fs, options().paths.part));
}

TEST_CASE_FIXTURE(Fixture, "a full disk says what is needed and what is free, and keeps the rest") {
  SUBCASE("before the first byte") {
    fs.fill_after(1000);
    const auto file = PartialFile::open(fs, options());
    CHECK(file.status().code() == StatusCode::kFailedPrecondition);
    CHECK(detail(file.status(), Detail::kErrno) == std::to_string(ENOSPC));
    CHECK(message(file.status()).find(std::to_string(kSize)) != std::string_view::npos);
    CHECK(message(file.status()).find("1000 are free") == std::string_view::npos);
    CHECK(message(file.status()).find("are free") != std::string_view::npos);
  }
  SUBCASE("in the middle") {
    {
      auto file = open();
      fs.fill_after(2 * kMiB);
      Status written;
      for (std::uint64_t at = 0; at < kSize && written.ok(); at += 64 * kKiB)
        written = write(*file, at, std::min(kSize, at + 64 * kKiB));
      CHECK(written.code() == StatusCode::kFailedPrecondition);
      CHECK(message(written).find("model.bin") != std::string_view::npos);
      fs.make_room();
    }
    auto file = open();
    CHECK(file->held().size() >= 2 * kMiB - kSpan);
    for (const ByteRange gap : file->held().gaps({0, kSize}))
      REQUIRE(write(*file, gap.begin, gap.end).ok());
    CHECK(file->verify().ok());
  }
}

TEST_CASE_FIXTURE(Fixture, "a partial file that another process took away is not published") {
  auto file = open();
  REQUIRE(write(*file, 0, kSize).ok());
  REQUIRE(file->verify().ok());
  REQUIRE(fs.remove(options().paths.part).ok());
  REQUIRE(write_file_atomic(fs, options().paths.part, as_bytes("something else")).ok());
  CHECK(file->publish(final_path).status().code() == StatusCode::kAborted);
  CHECK_FALSE(exists(fs, final_path));
}

TEST_CASE_FIXTURE(Fixture, "a foreign .incomplete file is neither used nor touched") {
  const Path foreign = dir / "blobs/x.incomplete";
  REQUIRE(fs.make_directories(dir / "blobs", 0777).ok());
  REQUIRE(write_file_atomic(fs, foreign, as_bytes("half of it")).ok());
  const FileInfo before = *fs.info(foreign);
  auto file = open();
  CHECK(file->held().empty());
  REQUIRE(write(*file, 0, kSize).ok());
  REQUIRE(file->verify().ok());
  REQUIRE(file->publish(final_path).ok());
  CHECK(fs.info(foreign)->same_content(before));
}

namespace {

// The file as Xet storage has it.
struct ChunkedFixture : Fixture {
  Manifest manifest = make_manifest(data);

  PartialOptions chunked() {
    PartialOptions how = options();
    how.identity.xet = manifest.file_hash;
    return how;
  }
  // Writes the chunks `order` names.
  Status write_chunks(PartialFile& file, const std::vector<std::size_t>& order) {
    std::vector<std::uint64_t> begins;
    std::uint64_t at = 0;
    for (const Chunk& chunk : manifest.chunks) {
      begins.push_back(at);
      at += chunk.size;
    }
    for (const std::size_t i : order) {
      const Chunk& chunk = manifest.chunks[i];
      HUBDIST_TRY(file.write_chunk(begins[i], chunk.hash, part(begins[i], begins[i] + chunk.size)));
    }
    return {};
  }
  std::vector<std::size_t> all(unsigned seed) {
    std::vector<std::size_t> order(manifest.chunks.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    if (seed > 0) std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    return order;
  }
};

}  // namespace

TEST_CASE_FIXTURE(ChunkedFixture, "chunks in any order are proved by their root, unread") {
  const auto file = open(chunked());
  REQUIRE(write_chunks(*file, all(3)).ok());
  REQUIRE(file->verify().ok());
  CHECK(bytes_read_back() == 0);
  REQUIRE(file->publish(final_path).ok());
  CHECK(as_bytes(published()).size() == data.size());
}

TEST_CASE_FIXTURE(ChunkedFixture, "chunks that were received are there again after a restart") {
  auto order = all(5);
  const std::vector<std::size_t> first(order.begin(), order.begin() + 40);
  const std::vector<std::size_t> rest(order.begin() + 40, order.end());
  {
    const auto file = open(chunked());
    REQUIRE(write_chunks(*file, first).ok());
  }
  SUBCASE("as they were") {
    const auto file = open(chunked());
    std::uint64_t held = 0;
    for (const std::size_t i : first) held += manifest.chunks[i].size;
    CHECK(file->held().size() == held);
    REQUIRE(write_chunks(*file, rest).ok());
    const std::uint64_t before = bytes_read_back();
    REQUIRE(file->verify().ok());
    CHECK(bytes_read_back() == before);
  }
  SUBCASE("without those that were altered") {
    const auto part_file = posix_file_system().open(options().paths.part, OpenMode::kReadWrite);
    REQUIRE((*part_file)->pwrite(as_bytes("?"), manifest.chunks[0].size + 5).ok());
    const auto file = open(chunked());
    CHECK_FALSE(file->complete());
    REQUIRE(write_chunks(*file, all(0)).ok());
    CHECK(file->verify().ok());
  }
}

TEST_CASE_FIXTURE(ChunkedFixture, "what came in part the plain way is proved by the SHA-256") {
  const auto file = open(chunked());
  REQUIRE(write(*file, 0, kMiB).ok());
  REQUIRE(write_chunks(*file, all(7)).ok());
  CHECK(file->verify().ok());
}

TEST_CASE_FIXTURE(ChunkedFixture, "wrong chunks are found by a manifest and written again") {
  const auto file = open(chunked());
  data[kMiB] ^= std::byte{1};
  std::uint64_t at = 0;
  for (const Chunk& chunk : manifest.chunks) {
    const ByteView bytes = part(at, at + chunk.size);
    REQUIRE(file->write_chunk(at, chunk_hash(bytes), bytes).ok());
    at += chunk.size;
  }
  CHECK(file->verify().code() == StatusCode::kDataLoss);
  data[kMiB] ^= std::byte{1};
  SUBCASE("with a manifest") {
    const auto wrong = file->compare(manifest);
    REQUIRE(wrong.ok());
    REQUIRE(wrong->ranges().size() == 1);
    CHECK(wrong->contains({kMiB, kMiB + 1}));
    CHECK(wrong->size() <= kMaxChunkSize);
    for (std::size_t i = 0; i < manifest.chunks.size(); ++i) REQUIRE(write_chunks(*file, {i}).ok());
  }
  SUBCASE("without") {
    file->doubt();
    REQUIRE(write_chunks(*file, all(9)).ok());
  }
  CHECK(file->verify().ok());
  // Whoever resumes finds the later bytes.
  file->close();
  CHECK(open(chunked())->complete());
}

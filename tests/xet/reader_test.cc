#include "tests/xet/reader_fixture.h"

using namespace hubdist;
using namespace hubdist::testing;

TEST_CASE_FIXTURE(ReaderFixture, "a file is read from its xorbs, each byte of them once") {
  SUBCASE("by version 2") {}
  SUBCASE("by version 1, where the store knows no other") { cas.version = 1; }
  SUBCASE("without Content-Range, as some stores answer") { cas.content_range = false; }
  check_read();
  std::uint64_t packed = 0;
  for (const Term& term : cas.terms_of(hash)) packed += cas.index_of(term.xorb).packed_size();
  CHECK(cas.xorb_bytes() == packed);
  CHECK(leaves == 1);
}

TEST_CASE_FIXTURE(ReaderFixture, "chunks of every scheme are unpacked") {
  std::string numbers(2'000'000, '\0');
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = i % 4 < 2 ? static_cast<char>(i * 2654435761u >> 13) : static_cast<char>(i >> 18);
  for (const auto scheme :
       {CompressionScheme::kNone, CompressionScheme::kLz4, CompressionScheme::kByteGroupedLz4}) {
    cas.scheme = scheme;
    numbers += static_cast<char>(scheme);
    numbers[0] = static_cast<char>('a' + static_cast<int>(scheme));
    content = numbers;
    hash = cas.add(content);
    check_read();
  }
}

TEST_CASE_FIXTURE(ReaderFixture, "what is held is not read") {
  // The second half, from a chunk on.
  std::uint64_t at = 0;
  for (const Term& term : cas.terms_of(hash)) {
    if (at > content.size() / 2) break;
    at += term.raw_size;
  }
  std::string out;
  std::vector<XetDownload> files{file(hash, content.size(), out)};
  files[0].held.add({0, at});
  REQUIRE(read(files).ok());
  CHECK((out.substr(at) == content.substr(at)));
  CHECK(out.substr(0, at) == std::string(at, '\0'));
  CHECK(cas.xorb_bytes() < content.size() - at + 100'000);
}

TEST_CASE_FIXTURE(ReaderFixture, "a range that several terms and files refer to is read once") {
  const std::string twice = content + content;
  const std::string part = content.substr(0, 1'000'000);
  const XetHash of_twice = cas.add(twice);
  const XetHash of_part = cas.add(part);
  std::string one, two, three;
  std::vector<XetDownload> files{file(hash, content.size(), one), file(of_twice, twice.size(), two),
                                 file(of_part, part.size(), three)};
  // All questions are answered before the first range is read.
  REQUIRE(read(files, 1).ok());
  CHECK((one == content));
  CHECK((two == twice));
  CHECK((three == part));
  CHECK(cas.xorb_bytes() < content.size() + 500'000);
}

TEST_CASE_FIXTURE(ReaderFixture, "the token is renewed when the store refuses it") {
  token = "of yesterday";
  std::string out;
  CHECK(read_one(out).code() == StatusCode::kUnauthenticated);
  CHECK(leaves == 2);
  token = cas.token;
  check_read();
}

TEST_CASE_FIXTURE(ReaderFixture, "a file that the store does not know is said to be unknown") {
  std::string out;
  std::vector<XetDownload> files{file(file_hash({}), 10, out), file(hash, content.size(), out)};
  REQUIRE(read(files).ok());
  CHECK(files[0].unknown);
  CHECK_FALSE(files[1].unknown);
  CHECK((out == content));
}

TEST_CASE_FIXTURE(ReaderFixture, "a stop ends the reading at once") {
  cas.serve_xorb = [](const XorbHash&, ByteRange, const std::string&) {
    return [](const SeenRequest&, FaultConnection& connection) { connection.wait_for_close(); };
  };
  std::stop_source source;
  std::thread stopper([&] {
    while (cas.count("/xorb/") == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    source.request_stop();
  });
  std::string out;
  std::vector<XetDownload> files{file(hash, content.size(), out)};
  XetDownloader reader(client, budget, 4);
  CHECK(reader.read(files, source.get_token()).code() == StatusCode::kCancelled);
  stopper.join();
}

TEST_CASE_FIXTURE(ReaderFixture, "a failure of the one who takes the chunks ends the reading") {
  std::string out;
  std::vector<XetDownload> files{file(hash, content.size(), out)};
  files[0].write = [](std::uint64_t, const ChunkHash&, ByteView) -> Status {
    return failed_precondition("the disk is full");
  };
  const Status status = read(files);
  CHECK(status.code() == StatusCode::kFailedPrecondition);
  CHECK(message(status) == "the disk is full");
}

TEST_CASE_FIXTURE(ReaderFixture, "little memory is enough") {
  MemoryBudget small(kMiB);
  std::string out;
  std::vector<XetDownload> files{file(hash, content.size(), out)};
  XetDownloader reader(client, small, 8);
  REQUIRE(reader.read(files, {}).ok());
  CHECK((out == content));
}

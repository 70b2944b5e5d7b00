// A store that misbehaves as told, and files that are read from it.
#pragma once

#include <cstring>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/fake_cas.h"
#include <hubdist/xet/download.h>

namespace hubdist::testing {

struct ReaderFixture {
  FakeCas cas;
  MemoryBudget budget{64 * kMiB};
  std::mutex mutex;
  std::string content = random_text(3'000'000, 1);
  XetHash hash = cas.add(content);
  int leaves = 0;  // tokens that the hub gave
  std::shared_ptr<CasClient> client = make_client();

  static std::string random_text(std::size_t size, unsigned seed) {
    std::mt19937_64 random(seed);
    std::string out(size, '\0');
    for (char& c : out) c = static_cast<char>(random());
    return out;
  }
  std::shared_ptr<CasClient> make_client() {
    CasOptions options;
    options.retry.base_delay = std::chrono::milliseconds(1);
    options.retry.max_delay = std::chrono::milliseconds(5);
    options.retry.max_tries = 4;
    options.stall_timeout = std::chrono::seconds(1);
    return std::make_shared<CasClient>(
        std::make_shared<HttpClient>(),
        [this](std::stop_token) -> Result<XetAccess> {
          const std::lock_guard lock(mutex);
          ++leaves;
          return XetAccess{cas.url(), Secret(token), false,
                           system_clock().now() + std::chrono::hours(1)};
        },
        options);
  }

  // A file that is read into `out`.
  XetDownload file(const XetHash& of, std::uint64_t size, std::string& out) {
    out.assign(size, '\0');
    XetDownload file;
    file.name = "model.bin";
    file.hash = of;
    file.size = size;
    file.write = [&out](std::uint64_t offset, const ChunkHash& given, ByteView bytes) -> Status {
      if (chunk_hash(bytes) != given) return internal_error("another hash than the chunk's");
      if (offset > out.size() || bytes.size() > out.size() - offset)
        return internal_error("a chunk behind the end of the file");
      std::memcpy(out.data() + offset, bytes.data(), bytes.size());
      return {};
    };
    return file;
  }
  Status read(std::vector<XetDownload>& files, std::size_t requests = 4) {
    XetDownloader reader(client, budget, requests);
    return reader.read(files, {});
  }
  // Reads `content` whole.
  Status read_one(std::string& out, std::size_t requests = 4) {
    std::vector<XetDownload> files{file(hash, content.size(), out)};
    return read(files, requests);
  }
  void check_read() {
    std::string out;
    const Status status = read_one(out);
    CHECK_MESSAGE(status.ok(), status.ToString());
    CHECK((out == content));
  }

  std::string token = cas.token;  // that the hub gives
};

}  // namespace hubdist::testing

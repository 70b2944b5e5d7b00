// Every backend against a real place.
#include "tests/backend/conformance.h"

#include "tests/support/fake_hub.h"
#include "tests/support/memory_backend.h"
#include "tests/support/python_server.h"
#include "tests/support/temp_dir.h"
#include <hubdist/backend/decorators.h>
#include <hubdist/backend/file_backend.h>
#include <hubdist/backend/hf_backend.h>
#include <hubdist/backend/http_backend.h>
#include <hubdist/backend/registry.h>

namespace hubdist {
namespace {

using namespace testing;

Uri uri(const std::string& text) {
  auto parsed = parse_uri(text);
  REQUIRE_MESSAGE(parsed.ok(), message(parsed.status()));
  return *parsed;
}

void fill(const TempDir& dir) {
  FileSystem& fs = posix_file_system();
  for (const auto& [path, content] : conformance_files()) {
    REQUIRE(fs.make_directories((dir / path).parent_path()).ok());
    REQUIRE(write_file_atomic(fs, dir / path, as_bytes(content)).ok());
  }
}

TEST_CASE("conformance: file://") {
  const TempDir dir;
  fill(dir);
  const auto backend = make_file_backend(posix_file_system());
  const auto at = [&](const std::string& path) {
    return uri("file://" + percent_encode((dir / path).native(), "/"));
  };
  check_conformance({*backend, at, at("")});
}

TEST_CASE("conformance: http:// with ranges and etags") {
  FaultHttpServer server;
  for (const auto& [path, content] : conformance_files())
    server.on("/" + percent_encode(path, "/"),
              file({content, "\"tag-" + std::to_string(content.size()) + "\""}));
  const auto backend = make_http_backend(std::make_shared<HttpClient>());
  const auto at = [&](const std::string& path) {
    return uri(server.url("/" + percent_encode(path, "/")));
  };
  check_conformance({*backend, at, at("")});
}

TEST_CASE("conformance: http:// of Python's server, without ranges and etags") {
  const TempDir dir;
  fill(dir);
  const PythonServer server(dir.path());
  if (server.port() == 0) {
    MESSAGE("skipped: there is no python3 here");
    return;
  }
  const auto backend = make_http_backend(std::make_shared<HttpClient>());
  const auto at = [&](const std::string& path) {
    return uri(concat("http://127.0.0.1:", server.port(), "/", percent_encode(path, "/")));
  };
  check_conformance({*backend, at, at("")});
}

TEST_CASE("conformance: hf://") {
  FakeHub hub;
  FakeRepo repo;
  repo.commit = std::string(40, 'c');
  repo.revisions = {"main", "pr/1"};
  repo.token = "tok";
  for (const auto& [path, content] : conformance_files())
    repo.files[path] = {content, content.size() > 1000, {}};
  hub.set_page_size(3);
  for (const std::string key : {"models/org/name", "models/name", "datasets/org/name"}) {
    CAPTURE(key);
    hub.set(key, repo);
    HfBackendOptions options;
    options.endpoint = hub.endpoint();
    options.token = Secret("tok");
    const auto backend = make_hf_backend(std::make_shared<HttpClient>(), options);
    const std::string name = key.starts_with("models/") ? key.substr(7) : key;
    for (const std::string revision : {"main", "pr%2F1", repo.commit.c_str()}) {
      const auto at = [&](const std::string& path) {
        return uri("hf://" + name + "@" + revision + "/" + percent_encode(path, "/"));
      };
      check_conformance({*backend, at, uri("hf://" + name + "@" + revision)});
    }
  }
}

TEST_CASE("conformance: an application's own scheme, through the registry") {
  const auto memory = std::make_shared<MemoryBackend>();
  for (const auto& [path, content] : conformance_files()) memory->set(path, content);
  BackendRegistry registry;
  REQUIRE(registry.add("Memory", memory).ok());
  const auto at = [](const std::string& path) {
    return uri("memory://place/" + percent_encode(path, "/"));
  };
  const auto found = registry.find(at(""));
  REQUIRE(found.ok());
  check_conformance({**found, at, at("")});
}

TEST_CASE("conformance: with every decorator over a place full of faults") {
  const TempDir dir;
  fill(dir);
  RetryPolicy policy;
  policy.max_tries = 50;
  policy.base_delay = std::chrono::milliseconds(0);
  auto backend = make_file_backend(posix_file_system());
  backend = make_faulty(backend, {.seed = 7, .fail = 200, .cut = 400});
  backend = make_limited(backend, {.parallel_calls = 3, .bytes_per_second = 4 * kGiB});
  backend = make_retrying(backend, policy);
  const auto at = [&](const std::string& path) {
    return uri("file://" + percent_encode((dir / path).native(), "/"));
  };
  // A put is tried once only, so it is not part of this run.
  class NoPut final : public Backend {
   public:
    explicit NoPut(Backend& inner) : inner_(inner) {}
    BackendCapabilities capabilities() const override {
      auto all = inner_.capabilities();
      all.put = false;
      return all;
    }
    Result<ObjectInfo> stat(const Uri& u, std::stop_token s) override { return inner_.stat(u, s); }
    Result<ListPage> list(const Uri& u, const std::string& p, std::stop_token s) override {
      return inner_.list(u, p, s);
    }
    Status read(const Uri& u, ByteRange r, const BodySink& k, std::stop_token s) override {
      return inner_.read(u, r, k, s);
    }
    Status read_version(const Uri& u, std::string_view e, ByteRange r, const BodySink& k,
                        std::stop_token s) override {
      return inner_.read_version(u, e, r, k, s);
    }
    Status put(const Uri&, std::uint64_t, const BodySource&, std::stop_token) override {
      return unimplemented("not here");
    }
    Result<bool> exists(const Uri& u, std::stop_token s) override { return inner_.exists(u, s); }
    std::string scope(const Uri& u) const override { return inner_.scope(u); }

   private:
    Backend& inner_;
  } without_put(*backend);
  check_conformance({without_put, at, at("")});
}

}  // namespace
}  // namespace hubdist

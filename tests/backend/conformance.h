// What every backend must do, present and future: run against a real place that holds
// conformance_files().
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <hubdist/backend/backend.h>
#include <hubdist/core/identity.h>

namespace hubdist::testing {

inline std::string conformance_bytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

// What the place must hold: path and content.
inline const std::map<std::string, std::string>& conformance_files() {
  static const std::map<std::string, std::string> files = {
      {"README.md", "# a model\n"},
      {"empty.txt", ""},
      {"one", "1"},
      {"sub/folder/weights.safetensors", conformance_bytes(2'500'001, 1)},
      {"sub/with space.bin", conformance_bytes(70'000, 2)},
      {"\xe6\xa8\xa1\xe5\x9e\x8b/\xe6\x96\x87\xe4\xbb\xb6.json", "{}"},
      {"odd+#?&=%40@[]~.txt", "odd"},
  };
  return files;
}
inline constexpr std::string_view kConformanceLarge = "sub/folder/weights.safetensors";

struct ConformanceSubject {
  Backend& backend;
  std::function<Uri(const std::string& path)> uri_of;  // of a file inside the place
  Uri root;                                            // what list_snapshot() is asked for
};

class Conformance {
 public:
  explicit Conformance(const ConformanceSubject& subject)
      : subject_(subject),
        backend_(subject.backend),
        large_(subject.uri_of(std::string(kConformanceLarge))) {}

  void run() {
    facts();
    whole_files();
    ranges();
    versions();
    sinks();
    stops();
    lists();
    puts();
    many_threads();
  }

 private:
  struct Collected {
    Status status;
    std::string bytes;
    int calls = 0;
  };
  Collected read(const Uri& uri, ByteRange range, std::string_view etag = {}) {
    Collected out;
    const auto sink = [&](ByteView bytes) -> Status {
      ++out.calls;
      out.bytes += as_text(bytes);
      return {};
    };
    out.status = etag.empty() ? backend_.read(uri, range, sink, {})
                              : backend_.read_version(uri, etag, range, sink, {});
    return out;
  }
  static const std::string& large() {
    return conformance_files().at(std::string(kConformanceLarge));
  }
  Uri missing() { return subject_.uri_of("sub/not there.bin"); }

  void facts() {
    for (const auto& entry : conformance_files()) {
      const std::string& path = entry.first;
      const std::string& content = entry.second;
      CAPTURE(path);
      const auto info = backend_.stat(subject_.uri_of(path), {});
      REQUIRE_MESSAGE(info.ok(), message(info.status()));
      CHECK(info->size == content.size());
      CHECK(info->etag == backend_.stat(subject_.uri_of(path), {})->etag);
      CHECK(backend_.exists(subject_.uri_of(path), {}).value_or(false));
      check_identity(info->identity, content);
      CHECK((info->commit.empty() != backend_.capabilities().revisions));
    }
    CHECK(backend_.stat(missing(), {}).status().code() == StatusCode::kNotFound);
    CHECK_FALSE(backend_.exists(missing(), {}).value_or(true));
    CHECK_FALSE(backend_.scope(subject_.root).empty());
  }

  void whole_files() {
    for (const auto& entry : conformance_files()) {
      const std::string& path = entry.first;
      const std::string& content = entry.second;
      CAPTURE(path);
      const Collected got = read(subject_.uri_of(path), {0, content.size()});
      CHECK_MESSAGE(got.status.ok(), message(got.status));
      CHECK((got.bytes == content));
    }
    CHECK(read(missing(), {0, 1}).status.code() == StatusCode::kNotFound);
  }

  void ranges() {
    const std::uint64_t size = large().size();
    std::vector<ByteRange> wanted = {{0, 1}, {size - 1, size}, {1, size}, {0, size - 1}};
    std::mt19937 random(3);
    for (int i = 0; i < 12; ++i) {
      const std::uint64_t a = random() % size;
      const std::uint64_t b = random() % size;
      wanted.push_back({std::min(a, b), std::max(a, b)});
    }
    for (const ByteRange& range : wanted) {
      CAPTURE(range.begin);
      CAPTURE(range.end);
      const Collected got = read(large_, range);
      CHECK_MESSAGE(got.status.ok(), message(got.status));
      CHECK((got.bytes == large().substr(range.begin, range.size())));
    }
    CHECK(read(large_, {5, 5}).status.ok());
    CHECK(read(large_, {5, 5}).calls == 0);
    CHECK(read(large_, {size, size + 1}).status.code() == StatusCode::kOutOfRange);
    CHECK(read(large_, {size + 100, size + 200}).status.code() == StatusCode::kOutOfRange);
    const Collected beyond = read(large_, {size - 10, size + 10});
    CHECK_FALSE(beyond.status.ok());
    CHECK(large().substr(size - 10).starts_with(beyond.bytes));
  }

  void versions() {
    const std::string etag = backend_.stat(large_, {})->etag;
    if (etag.empty()) return;
    const Collected same = read(large_, {1000, 2000}, etag);
    CHECK_MESSAGE(same.status.ok(), message(same.status));
    CHECK(same.bytes == large().substr(1000, 1000));
  }

  void sinks() {
    int calls = 0;
    const auto sink = [&](ByteView) -> Status {
      ++calls;
      return failed_precondition("the disk is full");
    };
    const Status status = backend_.read(large_, {0, large().size()}, sink, {});
    CHECK(status.code() == StatusCode::kFailedPrecondition);
    CHECK(message(status) == "the disk is full");
    CHECK(calls == 1);
  }

  void stops() {
    std::stop_source stopped;
    stopped.request_stop();
    const auto drop = [](ByteView) -> Status { return {}; };
    CHECK(backend_.read(large_, {0, 10}, drop, stopped.get_token()).code() ==
          StatusCode::kCancelled);
    std::stop_source inside;
    const auto stop = [&](ByteView) -> Status {
      inside.request_stop();
      return {};
    };
    CHECK(backend_.read(large_, {0, large().size()}, stop, inside.get_token()).code() ==
          StatusCode::kCancelled);
  }

  void lists() {
    const auto snapshot = list_snapshot(backend_, subject_.root, {});
    if (!backend_.capabilities().list) {
      CHECK(snapshot.status().code() == StatusCode::kUnimplemented);
      return;
    }
    REQUIRE_MESSAGE(snapshot.ok(), message(snapshot.status()));
    CHECK(snapshot->scope == backend_.scope(subject_.root));
    CHECK((snapshot->commit.empty() != backend_.capabilities().revisions));
    REQUIRE(snapshot->files.size() == conformance_files().size());
    auto expected = conformance_files().begin();
    for (const FileEntry& file : snapshot->files) {
      CHECK(file.path == expected->first);
      CHECK(file.size == expected->second.size());
      check_identity(file.identity, expected->second);
      CHECK(file.etag == backend_.stat(subject_.uri_of(file.path), {})->etag);
      ++expected;
    }
    std::stop_source stopped;
    stopped.request_stop();
    CHECK(list_snapshot(backend_, subject_.root, stopped.get_token()).status().code() ==
          StatusCode::kCancelled);
  }

  void puts() {
    const Uri target = subject_.uri_of("new/made here.bin");
    const auto source_of = [](std::string content) -> BodySource {
      return [content = std::move(content),
              at = std::size_t{0}](MutableBytes out) mutable -> Result<std::size_t> {
        const std::size_t count = std::min(out.size(), content.size() - at);
        std::copy_n(as_bytes(content).begin() + static_cast<std::ptrdiff_t>(at), count,
                    out.begin());
        at += count;
        return count;
      };
    };
    if (!backend_.capabilities().put) {
      CHECK(backend_.put(target, 3, source_of("abc"), {}).code() == StatusCode::kUnimplemented);
      return;
    }
    const std::string content = conformance_bytes(600'000, 9);
    CHECK(backend_.put(target, content.size(), source_of(content), {}).ok());
    CHECK((read(target, {0, content.size()}).bytes == content));
    CHECK_FALSE(backend_.put(target, 10, source_of("short"), {}).ok());
    CHECK_FALSE(backend_.put(target, 2, source_of("long"), {}).ok());
    CHECK((read(target, {0, content.size()}).bytes == content));
    const std::string other(1000, 'o');
    CHECK(backend_.put(target, other.size(), source_of(other), {}).ok());
    CHECK(backend_.stat(target, {})->size == other.size());
    const std::string etag = backend_.stat(large_, {})->etag;
    CHECK(backend_.put(large_, other.size(), source_of(other), {}).ok());
    if (!etag.empty()) {
      const Collected changed = read(large_, {0, 10}, etag);
      CHECK(changed.status.code() == StatusCode::kAborted);
      CHECK(changed.calls == 0);
    }
    CHECK(backend_.put(large_, large().size(), source_of(large()), {}).ok());
  }

  void many_threads() {
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 6; ++t)
      threads.emplace_back([&, t] {
        std::mt19937 random(t);
        for (int i = 0; i < 5; ++i) {
          const std::uint64_t begin = random() % 1'000'000;
          const ByteRange range{begin, begin + random() % 300'000};
          const Collected got = read(large_, range);
          right += got.status.ok() && got.bytes == large().substr(range.begin, range.size());
        }
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(right == 30);
  }

  static void check_identity(const Identity& identity, const std::string& content) {
    IdentityHasher hasher(identity, content.size());
    hasher.update(as_bytes(content));
    const Status status = hasher.finish();
    CHECK_MESSAGE(status.ok(), message(status));
  }

  const ConformanceSubject& subject_;
  Backend& backend_;
  const Uri large_;
};

inline void check_conformance(const ConformanceSubject& subject) { Conformance(subject).run(); }

}  // namespace hubdist::testing

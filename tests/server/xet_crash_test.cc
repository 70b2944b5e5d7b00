// Crashes of the machine at any moment of what a XetStore writes.
#include <deque>
#include <set>

#include <doctest/doctest.h>

#include "tests/server/xet_files.h"
#include "tests/support/crash_states.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/recorded_file_system.h"
#include <hubdist/base/log.h>
#include <hubdist/server/fsck.h>

namespace hubdist {
namespace {

using testing::CrashChoice;
using testing::CrashStates;
using testing::FaultFileSystem;
using testing::MemoryFileSystem;
using testing::mixed_bytes;
using testing::RecordedFileSystem;
using testing::TraceEvent;
using testing::XetSample;

constexpr std::string_view kRoot = "/srv/hub";
constexpr std::uint64_t kSeeds = 8;

struct Fixture {
  MemoryFileSystem memory;
  RecordedFileSystem recorded{memory};
  FaultFileSystem fs{recorded};
  std::unique_ptr<ObjectStore> store = *open_folder_store(fs, kRoot);
  const XetSample sample{mixed_bytes(1, 1500), 200, 4};
  const XetSample other{mixed_bytes(7, 1000), 200, 4};

  ~Fixture() { set_log_sink({}); }

  // Looks at every state that a crash may leave: what is there is whole, and what was answered is
  // there.
  void check_all_crashes(const std::vector<std::pair<std::size_t, const XetSample*>>& answers) {
    const std::vector<TraceEvent> trace = recorded.trace();
    CrashStates states(trace);
    std::set<std::uint64_t> seen;
    while (states.advance())
      for (std::uint64_t seed = 0; seed < kSeeds + 2; ++seed) {
        const CrashChoice choice{seed == 0   ? CrashChoice::Keep::kNothing
                                 : seed == 1 ? CrashChoice::Keep::kEverything
                                             : CrashChoice::Keep::kSome,
                                 seed};
        const bool is_new = seen.insert(states.fingerprint(choice, ".tmp")).second;
        const bool answered = trace[states.position() - 1].kind == TraceEvent::Kind::kNote;
        if (is_new || answered) check_disk(*states.disk(choice), states.position(), answers);
      }
    CHECK(seen.size() > 10);
  }

 private:
  static void check_disk(MemoryFileSystem& disk, std::size_t position,
                         const std::vector<std::pair<std::size_t, const XetSample*>>& answers) {
    const auto objects = open_folder_store(disk, kRoot);
    REQUIRE(objects.ok());
    std::string problems;
    const auto checked =
        check_hub(**objects, {}, [&](std::string_view what) { problems += concat(what, '\n'); });
    REQUIRE(checked.ok());
    CHECK_MESSAGE(problems.empty(), concat("after ", position, " events: ", problems));
    const XetStore xet(**objects);
    for (const auto& [at, sample] : answers) {
      if (at > position) continue;
      const auto file = xet.file_of(*sample->file.sha256);
      REQUIRE(file.ok());
      CHECK_MESSAGE(*file == sample->file.hash, concat("lost after ", position, " events"));
    }
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "what Xet storage took survives a crash at any moment") {
  XetStore xet(*store);
  testing::put_sample(xet, sample);
  const std::size_t first = recorded.note("answered");
  testing::put_sample(xet, other);
  check_all_crashes({{first, &sample}, {recorded.note("answered"), &other}});
}

TEST_CASE_FIXTURE(Fixture, "a footer is replaced as safely") {
  XetStore writer(*store);
  testing::put_sample(writer, sample);
  const std::string key = xorb_key(sample.xorbs[0].index.hash);
  REQUIRE(store->put(key, testing::with_footer(sample.xorbs[0], 0)).ok());
  const std::size_t answered = recorded.note("answered");
  XetStore reader(*store);
  REQUIRE(reader.index(sample.xorbs[0].index.hash).ok());
  CHECK(store->head(key)->size == testing::with_footer(sample.xorbs[0], 1).size());
  check_all_crashes({{answered, &sample}});
}

// Whoever names what another left without a sync makes it durable first.
TEST_CASE_FIXTURE(Fixture, "what others left without a sync is synced before it is named") {
  set_log_sink([](LogLevel, std::string_view) {});
  std::vector<std::pair<std::size_t, const XetSample*>> answers;
  std::deque<XetSample> samples;
  XetStore xet(*store);
  for (int kth = 1; kth <= 16; ++kth) {
    const XetSample& fresh =
        samples.emplace_back(mixed_bytes(static_cast<std::uint64_t>(100 * kth), 600), 200, 2);
    fs.fail("sync_directory", EIO, kth);
    for (const BuiltXorb& xorb : fresh.xorbs) {
      const auto writer = xet.create_xorb(xorb.index.hash);
      REQUIRE(writer.ok());
      REQUIRE((*writer)->write(xorb.bytes).ok());
      xet.keep(**writer, xorb.index).IgnoreError();
    }
    xet.put_file(fresh.file).IgnoreError();
    xet.put_content(*fresh.file.sha256, fresh.file.hash).IgnoreError();
    fs.reset();
    for (const BuiltXorb& xorb : fresh.xorbs)
      if (!store->head(xorb_key(xorb.index.hash)).ok()) testing::put_xorb(xet, xorb);
    REQUIRE(xet.put_file(fresh.file).ok());
    REQUIRE(xet.put_content(*fresh.file.sha256, fresh.file.hash).ok());
    answers.emplace_back(recorded.note("answered"), &fresh);
  }
  check_all_crashes(answers);
}

}  // namespace hubdist

// What a node remembers beside a cache: its id, and which files it has proved.
#include <doctest/doctest.h>

#include "src/client/internal/exchange_session.h"
#include "src/client/internal/verified_files.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/temp_dir.h"
#include <hubdist/core/hash.h>

using namespace hubdist;
using namespace hubdist::internal;
using hubdist::testing::FaultFileSystem;
using hubdist::testing::TempDir;

TEST_CASE("a cache keeps its node's id") {
  TempDir dir;
  FaultFileSystem fs;
  const Path path = dir / "notes/node-id";
  const std::string id = node_id_of(fs, path);
  CHECK(is_hex(id, 32));
  CHECK(node_id_of(fs, path) == id);
  CHECK(fs.list(dir / "notes")->size() == 1);

  SUBCASE("a damaged one is replaced") {
    REQUIRE(write_file_atomic(fs, path, as_bytes("half")).ok());
    const std::string other = node_id_of(fs, path);
    CHECK(is_hex(other, 32));
    CHECK(node_id_of(fs, path) == other);
  }
  SUBCASE("where nothing can be written it lives in memory") {
    fs.fail("open", EROFS, 1, fs.kAlways);
    const std::string first = node_id_of(fs, dir / "elsewhere/node-id");
    CHECK(is_hex(first, 32));
    CHECK(node_id_of(fs, dir / "elsewhere/node-id") != first);
  }
  SUBCASE("without hard links it is kept as well") {
    fs.fail("make_hard_link", EPERM, 1, fs.kAlways);
    const std::string first = node_id_of(fs, dir / "third/node-id");
    CHECK(node_id_of(fs, dir / "third/node-id") == first);
  }
}

TEST_CASE("what was proved is known as long as the file looks the same") {
  TempDir dir;
  FaultFileSystem fs;
  const Path file = dir / "a file";
  REQUIRE(write_file_atomic(fs, file, as_bytes("hello")).ok());
  Identity identity;
  identity.sha256 = sha256(as_bytes("hello"));
  const FileInfo info = *fs.info(file);
  const Path record = dir / "notes/verified";
  {
    VerifiedFiles verified(fs, record);
    CHECK_FALSE(verified.contains(file, identity, info));
    verified.add(file, identity, info);
    CHECK(verified.contains(file, identity, info));
  }
  CHECK(VerifiedFiles(fs, record).contains(file, identity, info));

  FileInfo other = info;
  ++other.mtime_ns;
  CHECK_FALSE(VerifiedFiles(fs, record).contains(file, identity, other));
  Identity wrong;
  wrong.sha256 = sha256(as_bytes("world"));
  CHECK_FALSE(VerifiedFiles(fs, record).contains(file, wrong, info));
  CHECK_FALSE(VerifiedFiles(fs, record).contains(dir / "b file", identity, info));

  SUBCASE("the later of two lines counts") {
    VerifiedFiles(fs, record).add(file, identity, other);
    CHECK_FALSE(VerifiedFiles(fs, record).contains(file, identity, info));
    CHECK(VerifiedFiles(fs, record).contains(file, identity, other));
  }
  SUBCASE("damaged lines are skipped") {
    const std::string text = *read_file(fs, record, kMiB);
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
      std::string damaged = text;
      damaged[i] ^= 1;
      REQUIRE(write_file_atomic(fs, record, as_bytes(damaged)).ok());
      CHECK_FALSE(VerifiedFiles(fs, record).contains(file, identity, info));
      REQUIRE(write_file_atomic(fs, record, as_bytes(text.substr(0, i))).ok());
      CHECK_FALSE(VerifiedFiles(fs, record).contains(file, identity, info));
    }
  }
  SUBCASE("what cannot be proved is not noted") {
    VerifiedFiles verified(fs, dir / "other");
    verified.add(file, Identity{}, info);
    CHECK_FALSE(exists(fs, dir / "other"));
  }
}

// A hub of our own, with the files that the backends' contract is tried on.
#pragma once

#include "tests/backend/conformance.h"
#include "tests/support/temp_dir.h"
#include <hubdist/core/uri.h>
#include <hubdist/server/hub_server.h>

namespace hubdist::testing {

inline Uri must_parse_uri(const std::string& text) {
  auto parsed = parse_uri(text);
  REQUIRE_MESSAGE(parsed.ok(), message(parsed.status()));
  return *parsed;
}

struct ConformanceHub {
  TempDir dir;
  std::unique_ptr<HubServer> server;

  ConformanceHub() {
    auto started = HubServer::start({.root = dir / "root"});
    REQUIRE_MESSAGE(started.ok(), message(started.status()));
    server = *std::move(started);
    for (const auto& [path, content] : conformance_files()) write(path, content);
  }
  void write(const std::string& path, std::string_view content) {
    const Path file = dir / "folder" / path;
    REQUIRE(posix_file_system().make_directories(file.parent_path()).ok());
    REQUIRE(write_file_atomic(posix_file_system(), file, as_bytes(content)).ok());
  }
  std::string add(RepoType type, std::string_view name, AddFolderOptions options = {}) {
    const auto added = server->add(dir / "folder", *RepoId::parse(type, name), options);
    REQUIRE_MESSAGE(added.ok(), message(added.status()));
    return added->commit.hex();
  }
};

}  // namespace hubdist::testing

// A hub in a few lines: what the Hugging Face Hub's HTTP interface answers to a reader, on a fault
// server, so that each answer can be replaced by a worse one.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "tests/support/fault_server.h"

namespace hubdist::testing {

struct FakeFile {
  std::string content;
  bool lfs = false;           // redirected to the store, named by sha256
  std::string xet_hash = {};  // stated, not served
  std::string xet_route = {};
};

struct FakeRepo {
  std::string commit;  // of every revision in `revisions`
  std::map<std::string, FakeFile> files;
  std::vector<std::string> revisions = {"main"};
  std::string token = {};      // needed to read, where not empty
  bool gated = false;          // without the token: GatedRepo, not RepoNotFound
  std::string xet_token = {};  // the answer for a Xet token; empty: there is no Xet
};

class FakeHub {
 public:
  FakeHub();

  // `key` is "models/org/name", "datasets/name", ...
  void set(const std::string& key, FakeRepo repo);
  // A renamed repository: its routes redirect, relatively, to the new name.
  void rename(const std::string& from, const std::string& to);
  void set_page_size(std::size_t entries) { page_size_ = entries; }

  std::string endpoint() const { return hub_.url(""); }
  FaultHttpServer& hub() { return hub_; }
  FaultHttpServer& store() { return store_; }  // where the bytes of LFS files are

 private:
  struct Route;
  void serve(const SeenRequest& request, FaultConnection& connection);
  FaultScript respond(const SeenRequest& request);
  FaultScript resolve(const FakeRepo& repo, const std::string& path);
  FaultScript revision(const FakeRepo& repo) const;
  FaultScript tree(const FakeRepo& repo, const SeenRequest& request,
                   const std::string& folder) const;

  std::mutex mutex_;
  std::map<std::string, FakeRepo> repos_;
  std::map<std::string, std::string> renamed_;
  std::size_t page_size_ = 1000;
  FaultHttpServer store_;
  FaultHttpServer hub_;  // last: its threads use the rest
};

// One of the hub's errors.
FaultScript hub_error(int status, std::string code, HttpHeaders headers = {});

}  // namespace hubdist::testing

// One node, for one cache or folder, and the downloads that go through it.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "client/internal/exchange_content.h"
#include "client/internal/job.h"
#include "client/internal/verified_files.h"
#include <hubdist/exchange/net/node.h>

namespace hubdist::internal {

// Thread-safe. Serves until it is destroyed.
class ExchangeSession {
 public:
  // `notes`: the folder for what this node remembers. Without a writable one it gets an id in
  // memory.
  static Result<std::unique_ptr<ExchangeSession>> start(FileSystem& fs, NodeOptions options,
                                                        const Path& notes);
  ~ExchangeSession();

  // Brings what the plan misses, and offers what it holds.
  Status download(Job& job, const Plan& plan, std::stop_token stop);
  // Blocks until what lay in the cache is proved and offered, and no other node needs any of it.
  Status wait_until_unneeded(std::stop_token stop);
  Node& node() { return *node_; }

 private:
  // A content as a part of a unit.
  struct Part {
    std::size_t member = 0;
    const WantedContent* content = nullptr;
  };
  // Contents of one unit that are locked and fetched together.
  struct Batch {
    const Unit* unit = nullptr;
    std::vector<Part> parts;
  };
  struct Download {
    std::size_t member = 0;
    std::shared_ptr<ContentDownload> content;
  };
  // A content that is at the path of one of its files.
  struct Arrived {
    const WantedContent* content = nullptr;
    const FileEntry* file = nullptr;
  };
  // A file that may be served once it has been hashed.
  struct Unproved {
    UnitLayout layout;
    std::size_t member = 0;
    FileEntry file;
    Path path;
  };

  ExchangeSession(FileSystem& fs, const Path& notes);
  std::vector<Batch> make_batches(const Job& job, const Plan& plan, const PieceMap& map,
                                  std::vector<const WantedContent*>& alone);
  void offer_held(const Job& job, const Plan& plan, const PieceMap& map);
  Status fetch_batch(const Job& job, const Batch& batch, std::stop_token stop);
  // Locks the parts of a batch, brings what is missing, and gives the locks back.
  Result<std::vector<Arrived>> fetch_parts(const Job& job, const Batch& batch,
                                           std::stop_token stop);
  Result<std::vector<Download>> begin_all(const Job& job, const Batch& batch,
                                          std::vector<Arrived>& arrived, std::stop_token stop);
  Status fetch_unit(const Job& job, const Unit& unit, std::vector<Download>& downloads,
                    std::stop_token stop);
  // Tells where the downloads go, and returns what of the unit is held.
  RangeSet receive_all(const Unit& unit, const std::vector<Download>& downloads);
  // The members that are not what the hub says.
  Result<std::vector<Download>> finish_all(const Job& job, const Unit& unit,
                                           const std::vector<Download>& downloads,
                                           std::stop_token stop);
  Status take_gate(const std::string& unit, std::stop_token stop);
  void leave_gate(const std::string& unit);
  void serve(const UnitLayout& layout, std::size_t member, const FileEntry& file, const Path& path,
             bool proved);
  void prove_files(std::stop_token stop);
  void prove(const Unproved& held, std::stop_token stop);

  FileSystem& fs_;
  VerifiedFiles verified_;
  std::shared_ptr<ExchangeContent> content_;
  MemoryBudget files_;  // counts open files, not bytes
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::set<std::string> gates_;    // units that are being fetched: one fetch a unit at a time
  std::deque<Unproved> unproved_;  // the first one is being proved
  std::unique_ptr<Node> node_;
  std::jthread prover_;  // last: stops first
};

// The 32 hexadecimal digits that name a cache for ever: read from `path`, which is made if missing.
// A random id where it can be neither read nor made.
std::string node_id_of(FileSystem& fs, const Path& path);

}  // namespace hubdist::internal

#include "client/internal/exchange_session.h"

#include <algorithm>
#include <map>

#include <hubdist/base/log.h>
#include <hubdist/io/executor.h>

namespace hubdist::internal {
namespace {

// How many members of a bundle are locked at once, and how many in all, two open files each: a
// process may have 1,024 by default.
constexpr std::size_t kMaxBatch = 128;
constexpr std::uint64_t kMaxLockedMembers = 256;

std::optional<std::size_t> index_of(const std::vector<FileEntry>& files, std::string_view path) {
  const auto found = std::lower_bound(
      files.begin(), files.end(), path,
      [](const FileEntry& file, std::string_view wanted) { return file.path < wanted; });
  if (found == files.end() || found->path != path) return std::nullopt;
  return static_cast<std::size_t>(found - files.begin());
}

}  // namespace

ExchangeSession::ExchangeSession(FileSystem& fs, const Path& notes)
    : fs_(fs),
      verified_(fs, notes / "verified"),
      content_(std::make_shared<ExchangeContent>(fs)),
      files_(kMaxLockedMembers) {}

Result<std::unique_ptr<ExchangeSession>> ExchangeSession::start(FileSystem& fs, NodeOptions options,
                                                                const Path& notes) {
  std::unique_ptr<ExchangeSession> self(new ExchangeSession(fs, notes));
  options.id = node_id_of(fs, notes / "node-id");
  HUBDIST_ASSIGN(self->node_, Node::start(std::move(options), self->content_));
  self->prover_ =
      std::jthread([raw = self.get()](std::stop_token stop) { raw->prove_files(stop); });
  return self;
}

ExchangeSession::~ExchangeSession() = default;

std::vector<ExchangeSession::Batch> ExchangeSession::make_batches(
    const Job& job, const Plan& plan, const PieceMap& map,
    std::vector<const WantedContent*>& alone) {
  std::vector<Batch> batches;
  std::map<std::size_t, std::size_t> open;  // unit -> its last batch
  for (const WantedContent& content : plan.missing) {
    const auto index = index_of(job.snapshot.files, content.first().path);
    const PieceMap::Place place = index ? map.places[*index] : PieceMap::Place{};
    if (place.unit == PieceMap::kNoUnit) {
      alone.push_back(&content);
      continue;
    }
    const auto [last, added] = open.try_emplace(place.unit, batches.size());
    if (added || batches[last->second].parts.size() == kMaxBatch) {
      last->second = batches.size();
      batches.push_back({&map.units[place.unit], {}});
    }
    batches[last->second].parts.push_back({place.member, &content});
  }
  // All processes lock in one order, so that none waits in a circle.
  for (Batch& batch : batches)
    std::sort(batch.parts.begin(), batch.parts.end(), [&](const Part& a, const Part& b) {
      return job.destination.lock_path(a.content->first()) <
             job.destination.lock_path(b.content->first());
    });
  return batches;
}

Status ExchangeSession::download(Job& job, const Plan& plan, std::stop_token stop) {
  const PieceMap map = make_piece_map(job.snapshot);
  offer_held(job, plan, map);
  std::vector<const WantedContent*> alone;
  const std::vector<Batch> batches = make_batches(job, plan, map, alone);
  const std::size_t tasks = batches.size() + alone.size();
  if (tasks == 0) return {};
  for (const Batch& batch : batches) content_->know(*batch.unit, job.snapshot, job.origin);
  Executor executor(workers_for(job, tasks));
  TaskGroup group(executor, stop);
  for (const Batch& batch : batches)
    group.run([&](std::stop_token stopped) {
      return again_if_aborted([&] { return fetch_batch(job, batch, stopped); });
    });
  for (const WantedContent* content : alone)
    group.run([&, content](std::stop_token stopped) {
      return again_if_aborted([&] { return download_content(job, *content, 1, stopped); });
    });
  return group.wait();
}

void ExchangeSession::offer_held(const Job& job, const Plan& plan, const PieceMap& map) {
  for (const FileEntry& file : plan.held) {
    const auto index = index_of(job.snapshot.files, file.path);
    if (!index || map.places[*index].unit == PieceMap::kNoUnit) continue;
    const PieceMap::Place place = map.places[*index];
    const Unit& unit = map.units[place.unit];
    content_->know(unit, job.snapshot, job.origin);
    serve(unit.layout, place.member, file, job.destination.path_of(file), false);
  }
}

Status ExchangeSession::fetch_batch(const Job& job, const Batch& batch, std::stop_token stop) {
  HUBDIST_ASSIGN(const auto memory, job.budget.take(kMemoryOfFetch, stop));
  HUBDIST_ASSIGN(const auto room, files_.take(batch.parts.size(), stop));
  HUBDIST_ASSIGN(const std::vector<Arrived> arrived, fetch_parts(job, batch, stop));
  for (const Arrived& one : arrived) HUBDIST_TRY(make_others(job, *one.content, *one.file, stop));
  return {};
}

Result<std::vector<ExchangeSession::Arrived>> ExchangeSession::fetch_parts(const Job& job,
                                                                           const Batch& batch,
                                                                           std::stop_token stop) {
  std::vector<Arrived> arrived;
  HUBDIST_ASSIGN(std::vector<Download> downloads, begin_all(job, batch, arrived, stop));
  if (downloads.empty()) return arrived;
  const std::string& id = batch.unit->layout.id;
  HUBDIST_TRY(take_gate(id, stop));
  const Status fetched = fetch_unit(job, *batch.unit, downloads, stop);
  for (const Download& download : downloads) content_->stop_receiving(id, download.member);
  leave_gate(id);
  HUBDIST_TRY(fetched);
  return arrived;
}

Result<std::vector<ExchangeSession::Download>> ExchangeSession::begin_all(
    const Job& job, const Batch& batch, std::vector<Arrived>& arrived, std::stop_token stop) {
  std::vector<Download> downloads;
  for (const Part& part : batch.parts) {
    HUBDIST_ASSIGN(auto begun, ContentDownload::begin(job, *part.content, stop));
    const FileEntry& file = begun->there();
    arrived.push_back({part.content, &file});
    if (begun->done())
      serve(batch.unit->layout, part.member, file, job.destination.path_of(file), false);
    else
      downloads.push_back({part.member, std::move(begun)});
  }
  return downloads;
}

Status ExchangeSession::fetch_unit(const Job& job, const Unit& unit,
                                   std::vector<Download>& downloads, std::stop_token stop) {
  const UnitLayout& layout = unit.layout;
  // What another repository or folder has of it need not come from elsewhere.
  for (const Download& download : downloads) {
    const auto other = content_->file_of(layout.id, download.member);
    if (other && !job.force) HUBDIST_TRY(download.content->copy(other->path, other->info, stop));
  }
  for (int tries = 0;; ++tries) {
    RangeSet wanted;
    for (const Download& download : downloads) {
      const std::uint64_t offset = unit.members[download.member].offset;
      wanted.add({offset, offset + download.content->file().size});
    }
    const RangeSet held = receive_all(unit, downloads);
    HUBDIST_TRY(node_->fetch(layout, wanted, held, stop).status());
    HUBDIST_ASSIGN(std::vector<Download> wrong, finish_all(job, unit, downloads, stop));
    if (wrong.empty()) break;
    const std::string& name = wrong.front().content->file().path;
    if (tries > 0)
      return with_context(wrong.front().content->partial().verify(stop),
                          concat(name, " was fetched twice"));
    log(LogLevel::kWarning, name, " is not what the hub says: it is fetched once more");
    HUBDIST_TRY(node_->doubt(layout.id));
    downloads = std::move(wrong);
    for (const Download& download : downloads) HUBDIST_TRY(download.content->begin_anew());
  }
  return node_->offer(layout, content_->files_of(layout.id));
}

RangeSet ExchangeSession::receive_all(const Unit& unit, const std::vector<Download>& downloads) {
  for (const Download& download : downloads)
    content_->receive(unit.layout.id, download.member, download.content);
  RangeSet held = content_->files_of(unit.layout.id);
  for (const Download& download : downloads) {
    const std::uint64_t offset = unit.members[download.member].offset;
    for (const ByteRange& range : download.content->partial().held().ranges())
      held.add({offset + range.begin, offset + range.end});
  }
  return held;
}

Result<std::vector<ExchangeSession::Download>> ExchangeSession::finish_all(
    const Job& job, const Unit& unit, const std::vector<Download>& downloads,
    std::stop_token stop) {
  std::vector<Download> wrong;
  for (const Download& download : downloads) {
    content_->stop_receiving(unit.layout.id, download.member);
    const Status finished = download.content->finish(stop);
    if (finished.code() == StatusCode::kDataLoss) {
      wrong.push_back(download);
      continue;
    }
    HUBDIST_TRY(finished);
    const FileEntry& file = download.content->file();
    serve(unit.layout, download.member, file, job.destination.path_of(file), true);
  }
  return wrong;
}

Status ExchangeSession::take_gate(const std::string& unit, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [&] { return gates_.count(unit) == 0; }))
    return cancelled("stopped while another download fetches ", unit);
  gates_.insert(unit);
  return {};
}

void ExchangeSession::leave_gate(const std::string& unit) {
  {
    const std::lock_guard lock(mutex_);
    gates_.erase(unit);
  }
  changed_.notify_all();
}

// What was just proved is served at once; what lay there before, when it is proved.
void ExchangeSession::serve(const UnitLayout& layout, std::size_t member, const FileEntry& file,
                            const Path& path, bool proved) {
  const auto info = fs_.info(path);
  if (!info.ok()) return;
  if (proved) {
    verified_.add(path, file.identity, *info);
    content_->serve_file(layout.id, member, path, *info);
  } else if (verified_.contains(path, file.identity, *info)) {
    content_->serve_file(layout.id, member, path, *info);
    const Status offered = node_->offer(layout, content_->files_of(layout.id));
    if (!offered.ok()) log(LogLevel::kDebug, path.native(), " is not offered: ", message(offered));
  } else {
    const std::lock_guard lock(mutex_);
    unproved_.push_back({layout, member, file, path});
    changed_.notify_all();
  }
}

void ExchangeSession::prove_files(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return !unproved_.empty(); })) {
    const Unproved next = unproved_.front();
    lock.unlock();
    prove(next, stop);
    lock.lock();
    unproved_.pop_front();
    changed_.notify_all();
  }
}

void ExchangeSession::prove(const Unproved& held, std::stop_token stop) {
  const auto before = fs_.info(held.path);
  const auto right = is_content(fs_, held.path, held.file, stop);
  const auto after = fs_.info(held.path);
  if (!before.ok() || !right.ok() || !after.ok() || !after->same_content(*before)) return;
  if (!*right) {
    log(LogLevel::kWarning, held.path.native(), " is not what the hub says and is not shared");
    return;
  }
  serve(held.layout, held.member, held.file, held.path, true);
  (void)node_->offer(held.layout, content_->files_of(held.layout.id));
}

Status ExchangeSession::wait_until_unneeded(std::stop_token stop) {
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return unproved_.empty(); }))
      return cancelled("stopped while proving what others may need");
  }
  return node_->wait_until_unneeded(stop);
}

}  // namespace hubdist::internal

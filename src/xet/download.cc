#include <algorithm>
#include <condition_variable>
#include <deque>

#include "xet/internal/fetch_plan.h"
#include "xet/internal/pace.h"
#include "xet/internal/unit_reader.h"
#include <hubdist/io/executor.h>
#include <hubdist/xet/download.h>

namespace hubdist {
namespace {

using internal::FetchPlan;
using internal::FetchUnit;
using internal::Pace;
using internal::UnitReader;

// Buffers of one request: received, in part, and decompressed.
constexpr std::uint64_t kMemoryOfRequest = 2 * kMiB;
// A file's reconstruction is asked for so much of the file at a time...
constexpr std::uint64_t kBlock = 4 * kGiB;
// ...and while less than this waits to be read: URLs that wait too long expire.
constexpr std::uint64_t kAhead = kGiB;
// Of a file that has more gaps, near ones are read as one.
constexpr std::size_t kMaxGaps = 64;
// Doubtful ranges of a file that are remembered: enough for a message.
constexpr std::size_t kMaxDoubtful = 16;
// How often a worker looks whether more requests are allowed by now.
constexpr auto kLookAgain = std::chrono::milliseconds(100);

struct Question {
  std::size_t file;
  ByteRange range;
};

std::vector<ByteRange> gaps_of(const XetDownload& file) {
  std::vector<ByteRange> gaps = file.held.gaps({0, file.size});
  while (gaps.size() > kMaxGaps) {
    std::vector<ByteRange> fewer;
    for (std::size_t i = 0; i < gaps.size(); i += 2)
      fewer.push_back({gaps[i].begin, gaps[std::min(i + 1, gaps.size() - 1)].end});
    gaps = std::move(fewer);
  }
  return gaps;
}

}  // namespace

struct XetDownloader::Shared {
  Shared(std::shared_ptr<CasClient> store, MemoryBudget& memory, std::size_t most)
      : cas(std::move(store)), budget(memory), pace(most) {}
  const std::shared_ptr<CasClient> cas;
  MemoryBudget& budget;
  std::mutex mutex;
  Pace pace;
  std::size_t requests = 0;  // under way, in all calls

  void moved(std::uint64_t bytes) {
    const std::lock_guard lock(mutex);
    pace.moved(bytes, requests >= pace.limit(), system_clock().now());
  }
  void failed() {
    const std::lock_guard lock(mutex);
    pace.failed(system_clock().now());
  }
  bool enter() {
    const std::lock_guard lock(mutex);
    if (requests >= pace.limit()) return false;
    ++requests;
    return true;
  }
  void leave() {
    const std::lock_guard lock(mutex);
    --requests;
  }
};

namespace {

// One call: what is to be asked and to be read, and the workers that do it. (Shared is
// XetDownloader's own, which only it can name.)
template <typename Shared>
class Reading {
 public:
  Reading(Shared& shared, std::span<XetDownload> files, std::stop_token stop)
      : shared_(shared),
        files_(files),
        executor_(shared.pace.most(), shared.pace.most() + 1),
        group_(executor_, stop) {
    for (std::size_t i = 0; i < files.size(); ++i)
      for (const ByteRange& gap : gaps_of(files[i])) questions_.push_back({i, gap});
  }

  Status run(MemoryBudget::Hold memory) {
    if (questions_.empty()) return {};
    start(std::move(memory));
    return group_.wait();
  }

 private:
  using Lock = std::unique_lock<std::mutex>;

  void start(MemoryBudget::Hold memory) {
    ++workers_;
    auto held = std::make_shared<MemoryBudget::Hold>(std::move(memory));
    group_.run([this, held](std::stop_token stop) {
      const Status status = work(stop);
      changed_.notify_all();
      return status;
    });
  }

  // A further worker while there is more to do than the others can take up, and memory for it.
  void start_another() {
    if (workers_ >= shared_.pace.most() || (questions_.empty() && plan_.empty())) return;
    MemoryBudget::Hold memory = shared_.budget.try_take(kMemoryOfRequest);
    if (memory.bytes() > 0) start(std::move(memory));
  }

  Status work(std::stop_token stop) {
    Lock lock(mutex_);
    while (!stop.stop_requested()) {
      if (!questions_.empty() && plan_.bytes() < kAhead) {
        HUBDIST_TRY(ask(lock, stop));
      } else if (may_read() && shared_.enter()) {
        const Status status = read(lock, stop);
        shared_.leave();
        HUBDIST_TRY(status);
      } else if (questions_.empty() && plan_.empty() && busy_ == 0) {
        return {};
      } else {
        changed_.wait_for(lock, stop, kLookAgain, [] { return false; });
      }
      changed_.notify_all();
    }
    return cancelled("stopped while reading from Xet storage");
  }

  // An answer that is on its way may tell of other places for what waits to be read.
  bool may_read() const { return !plan_.empty() && (asking_ == 0 || plan_.bytes() >= kAhead); }

  Status ask(Lock& lock, std::stop_token stop) {
    const Question question = questions_.front();
    questions_.pop_front();
    XetDownload& file = files_[question.file];
    if (file.unknown) return {};
    ++busy_;
    ++asking_;
    start_another();
    lock.unlock();
    ByteRange block = question.range;
    block.end = std::min(block.end, block.begin + kBlock);
    const bool whole = block == ByteRange{0, file.size};
    auto answer = shared_.cas->reconstruct(file.hash, whole ? std::nullopt : std::optional(block),
                                           file.name, stop);
    lock.lock();
    --busy_;
    --asking_;
    if (answer.status().code() == StatusCode::kNotFound) {
      file.unknown = true;
      return {};
    }
    HUBDIST_TRY(with_context(answer.status(), file.name));
    auto end = plan_.add(question.file, file.size, block, *answer);
    if (end.ok() && *end < block.end)
      end = data_loss("it ends at ", *end, ", asked for was up to ", block.end);
    if (!end.ok())
      return data_loss(file.name, ": the reconstruction of ", xet_hex(file.hash),
                       " is not of this file: ", message(end.status()));
    // In the order of the file, so that it grows from the front.
    if (*end < question.range.end)
      questions_.push_front({question.file, {*end, question.range.end}});
    return {};
  }

  Status read(Lock& lock, std::stop_token stop) {
    const std::unique_ptr<FetchUnit> unit = plan_.take();
    ++busy_;
    start_another();
    lock.unlock();
    UnitReader reader(
        *shared_.cas, files_, *unit,
        {[this](std::uint64_t bytes) { shared_.moved(bytes); }, [this] { shared_.failed(); }});
    const Status status = reader.run(stop);
    lock.lock();
    --busy_;
    HUBDIST_TRY(status);
    if (reader.proved()) return {};
    for (const auto& target : unit->targets) {
      auto& doubtful = files_[target.file].doubtful;
      if (doubtful.size() < kMaxDoubtful) doubtful.push_back({unit->xorb, unit->range.bytes});
    }
    return {};
  }

  Shared& shared_;
  const std::span<XetDownload> files_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Question> questions_;
  FetchPlan plan_;
  std::size_t busy_ = 0;    // questions and units under way
  std::size_t asking_ = 0;  // questions alone
  std::size_t workers_ = 0;
  Executor executor_;
  TaskGroup group_;  // last: its tasks use the rest
};

}  // namespace

XetDownloader::XetDownloader(std::shared_ptr<CasClient> cas, MemoryBudget& budget,
                             std::size_t most_requests)
    : shared_(std::make_unique<Shared>(std::move(cas), budget, most_requests)) {}
XetDownloader::~XetDownloader() = default;

Status XetDownloader::read(std::span<XetDownload> files, std::stop_token stop) {
  HUBDIST_ASSIGN(MemoryBudget::Hold memory, shared_->budget.take(kMemoryOfRequest, stop));
  Reading<Shared> reading(*shared_, files, stop);
  return reading.run(std::move(memory));
}

}  // namespace hubdist

#include <algorithm>
#include <atomic>
#include <thread>

#include "client/internal/content_download.h"
#include "client/internal/exchange_session.h"
#include <hubdist/base/log.h>
#include <hubdist/io/executor.h>

namespace hubdist::internal {
namespace {

// Many origins limit what one connection gets: a large file that would leave workers idle is read
// by several, each taking the next part, so that the file still grows from the front.
constexpr std::uint64_t kManyStreamsSize = 256 * kMiB;
constexpr std::uint64_t kPartSize = 32 * kMiB;
constexpr std::size_t kMaxStreams = 4;
constexpr std::size_t kMaxWorkers = 256;

Status read_range(const Job& job, ContentDownload& download, ByteRange range,
                  std::stop_token stop) {
  std::uint64_t at = range.begin;
  return job.origin.read(
      download.file(), range,
      [&](ByteView bytes) {
        HUBDIST_TRY(download.write(at, bytes, Source::kOrigin));
        at += bytes.size();
        return Status();
      },
      stop);
}

std::vector<ByteRange> parts_of(const std::vector<ByteRange>& gaps, std::uint64_t part_size) {
  std::vector<ByteRange> parts;
  for (const ByteRange& gap : gaps)
    for (std::uint64_t at = gap.begin; at < gap.end; at += part_size)
      parts.push_back({at, std::min(gap.end, at + part_size)});
  return parts;
}

Status read_by_many(const Job& job, ContentDownload& download, const std::vector<ByteRange>& parts,
                    std::size_t streams, std::stop_token stop) {
  Executor executor(streams, streams);
  TaskGroup group(executor, stop);
  std::atomic<std::size_t> next = 0;
  for (std::size_t i = 0; i < streams; ++i)
    group.run([&](std::stop_token stopped) {
      for (std::size_t n; (n = next++) < parts.size();)
        HUBDIST_TRY(read_range(job, download, parts[n], stopped));
      return Status();
    });
  return group.wait();
}

Status fetch(const Job& job, ContentDownload& download, std::size_t streams, std::stop_token stop) {
  const std::uint64_t size = download.file().size;
  const auto gaps = download.partial().held().gaps({0, size});
  const bool many =
      streams > 1 && size >= kManyStreamsSize && job.origin.backend->capabilities().ranges;
  if (many) return read_by_many(job, download, parts_of(gaps, kPartSize), streams, stop);
  for (const ByteRange& gap : gaps) HUBDIST_TRY(read_range(job, download, gap, stop));
  return {};
}

}  // namespace

Status fetch_proved(const Job& job, ContentDownload& download, std::size_t streams,
                    std::stop_token stop) {
  Status result = fetch(job, download, streams, stop);
  if (result.ok()) result = download.finish(stop);
  if (result.code() == StatusCode::kAborted) download.give_up();
  if (result.code() != StatusCode::kDataLoss) return result;
  log(LogLevel::kWarning, "fetching ", download.file().path, " once more: ", message(result));
  HUBDIST_TRY(download.begin_anew());
  HUBDIST_TRY(fetch(job, download, streams, stop));
  return download.finish(stop);
}

Status download_content(const Job& job, const WantedContent& content, std::size_t streams,
                        std::stop_token stop) {
  HUBDIST_ASSIGN(const auto memory, job.budget.take(kMemoryOfFetch, stop));
  const FileEntry* there = nullptr;
  {
    HUBDIST_ASSIGN(const auto download, ContentDownload::begin(job, content, stop));
    if (!download->done()) HUBDIST_TRY(fetch_proved(job, *download, streams, stop));
    there = &download->there();
  }
  return make_others(job, content, *there, stop);
}

std::size_t workers_for(const Job& job, std::size_t tasks) {
  return std::clamp<std::size_t>(std::min(job.max_workers, tasks), 1, kMaxWorkers);
}

namespace {

Status download_alone(const Job& job, const std::vector<WantedContent>& contents,
                      std::stop_token stop) {
  std::vector<WantedContent> plain, in_xet;
  for (const WantedContent& content : contents)
    (is_in_xet(job, content) ? in_xet : plain).push_back(content);
  const std::size_t workers = workers_for(job, plain.size());
  const std::size_t streams = std::clamp<std::size_t>(
      std::min(job.max_workers, kMaxWorkers) / std::max<std::size_t>(plain.size(), 1), 1,
      kMaxStreams);
  Executor executor(workers + (in_xet.empty() ? 0 : 1));
  TaskGroup group(executor, stop);
  if (!in_xet.empty())
    group.run([&](std::stop_token stopped) { return download_from_xet(job, in_xet, stopped); });
  for (const WantedContent& content : plain)
    group.run([&job, &content, streams](std::stop_token stopped) {
      return again_if_aborted([&] { return download_content(job, content, streams, stopped); });
    });
  return group.wait();
}

}  // namespace

Status download_all(Job& job, const Plan& plan, std::stop_token stop) {
  if (job.exchange) return job.exchange->download(job, plan, stop);
  if (plan.missing.empty()) return {};
  return download_alone(job, plan.missing, stop);
}

}  // namespace hubdist::internal

#include <algorithm>

#include "client/internal/content_download.h"
#include "client/internal/xet_origin.h"
#include <hubdist/base/log.h>
#include <hubdist/io/executor.h>

namespace hubdist::internal {
namespace {

// Files that are read together share the ranges of xorbs that they have in common. Each has up to
// three open files: a process may have 1,024 by default.
constexpr std::size_t kMaxFiles = 64;
constexpr std::uint64_t kMaxBytes = 4 * kGiB;
// While one batch is read, the next finds out where its chunks are.
constexpr std::size_t kBatchesAtOnce = 2;

using Downloads = std::vector<std::unique_ptr<ContentDownload>>;

std::vector<std::vector<const WantedContent*>> make_batches(
    const Job& job, const std::vector<WantedContent>& contents) {
  std::vector<std::vector<const WantedContent*>> batches;
  std::uint64_t bytes = 0;
  for (const WantedContent& content : contents) {
    if (batches.empty() || batches.back().size() == kMaxFiles || bytes >= kMaxBytes) {
      batches.emplace_back();
      bytes = 0;
    }
    batches.back().push_back(&content);
    bytes += content.first().size;
  }
  // All processes lock in one order, so that none waits in a circle.
  for (auto& batch : batches)
    std::sort(batch.begin(), batch.end(), [&](const WantedContent* a, const WantedContent* b) {
      return job.destination.lock_path(a->first()) < job.destination.lock_path(b->first());
    });
  return batches;
}

XetDownload xet_download(ContentDownload& download, RangeSet held) {
  XetDownload file;
  file.name = download.file().path;
  file.hash = *download.file().identity.xet;
  file.size = download.file().size;
  file.held = std::move(held);
  file.write = [&download](std::uint64_t offset, const ChunkHash& hash, ByteView bytes) {
    return download.write_chunk(offset, hash, bytes);
  };
  return file;
}

std::string named(const std::vector<DoubtfulRange>& doubtful) {
  if (doubtful.empty()) return "every xorb is right by itself, so their order is not";
  const DoubtfulRange& first = doubtful.front();
  std::string text =
      concat("xorb ", xet_hex(first.xorb), ", bytes ", first.bytes.begin, " to ", first.bytes.end);
  if (doubtful.size() > 1) text += concat(", or one of ", doubtful.size() - 1, " other ranges");
  return text;
}

// A file whose chunks are not the ones that its hash names is read a second time, over the first:
// the wrong chunks of it, where the store tells which chunks are right, else all.
Status read_again(const Job& job, ContentDownload& download, const Status& failure,
                  std::stop_token stop) {
  log(LogLevel::kWarning, "reading ", download.file().path, " once more: ", message(failure));
  const FileEntry& entry = download.file();
  const auto manifest = job.xet->cas().manifest(*entry.identity.xet, entry.size, entry.path, stop);
  HUBDIST_ASSIGN(const RangeSet wrong, download.doubt(manifest.ok() ? &*manifest : nullptr, stop));
  RangeSet right({0, entry.size});
  right.remove(wrong);
  XetDownload file = xet_download(download, std::move(right));
  HUBDIST_TRY(job.xet->downloader().read({&file, 1}, stop));
  const Status again = download.finish(stop);
  if (again.code() != StatusCode::kDataLoss) return again;
  const Status lost = data_loss(
      message(again), ", in two readings from Xet storage; what is wrong: ", named(file.doubtful),
      ". Try it again later, or without Xet (HF_HUB_DISABLE_XET=1)");
  HUBDIST_TRY(download.begin_anew());
  return lost;
}

Status finish(const Job& job, ContentDownload& download, std::stop_token stop) {
  const Status finished = download.finish(stop);
  if (finished.code() == StatusCode::kAborted) download.give_up();
  if (finished.code() != StatusCode::kDataLoss) return finished;
  return read_again(job, download, finished, stop);
}

Status read_batch(const Job& job, Downloads& downloads, std::stop_token stop) {
  std::vector<XetDownload> files;
  for (const auto& download : downloads)
    files.push_back(xet_download(*download, download->partial().held()));
  HUBDIST_TRY(job.xet->downloader().read(files, stop));
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i].unknown) {
      log(LogLevel::kDebug, files[i].name, " is not in Xet storage");
      HUBDIST_ASSIGN(const auto memory, job.budget.take(kMemoryOfFetch, stop));
      HUBDIST_TRY(fetch_proved(job, *downloads[i], 1, stop));
    } else {
      HUBDIST_TRY(finish(job, *downloads[i], stop));
    }
    downloads[i].reset();  // its lock goes
  }
  return {};
}

Status download_batch(const Job& job, const std::vector<const WantedContent*>& batch,
                      std::stop_token stop) {
  std::vector<const FileEntry*> there;
  {
    Downloads downloads;
    for (const WantedContent* content : batch) {
      HUBDIST_ASSIGN(auto begun, ContentDownload::begin(job, *content, stop));
      there.push_back(&begun->there());
      if (!begun->done()) downloads.push_back(std::move(begun));
    }
    HUBDIST_TRY(read_batch(job, downloads, stop));
  }
  for (std::size_t i = 0; i < batch.size(); ++i)
    HUBDIST_TRY(make_others(job, *batch[i], *there[i], stop));
  return {};
}

}  // namespace

Status download_from_xet(const Job& job, const std::vector<WantedContent>& contents,
                         std::stop_token stop) {
  const auto batches = make_batches(job, contents);
  Executor executor(std::min(kBatchesAtOnce, batches.size()));
  TaskGroup group(executor, stop);
  for (const auto& batch : batches)
    group.run([&](std::stop_token stopped) {
      return again_if_aborted([&] { return download_batch(job, batch, stopped); });
    });
  return group.wait();
}

}  // namespace hubdist::internal

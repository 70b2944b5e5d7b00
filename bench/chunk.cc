// Chunking and hashing, and its parts, each by itself: what bench/chunk.py calls.
//
//   chunk_bench hash FILE THREADS [KERNEL]   the Xet hash of a file, by a gear kernel of choice
//   chunk_bench parts FILE [KERNEL]          CPU seconds a GB: reading, finding boundaries, hashing
//   chunk_bench kernels                      the gear kernels of this processor
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

#include "src/core/internal/gear.h"
#include <hubdist/core/chunker.h>
#include <hubdist/core/merkle.h>
#include <hubdist/io/chunk_stream.h>

using namespace hubdist;

namespace {

constexpr std::size_t kStep = 256 * kKiB;
constexpr std::size_t kCached = 512 * kKiB;  // of the file, in the cache while a part is measured

[[noreturn]] void fail(std::string_view what) {
  std::fprintf(stderr, "chunk_bench: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(1);
}

double cpu_seconds() {
  timespec now;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <typename F>
double cost(F&& work) {
  const double begin = cpu_seconds();
  work();
  return cpu_seconds() - begin;
}

void choose(std::string_view name) {
  for (const internal::GearKernel& kernel : internal::gear_kernels())
    if (kernel.name == name) return internal::use_gear_kernel(kernel);
  fail("no such kernel on this processor");
}

void print_hash(const Path& path, std::size_t threads) {
  ChunkStreamOptions options;
  options.threads = threads;
  const auto hashes = hash_files(posix_file_system(), {path}, options);
  if (!hashes.ok()) fail(message(hashes.status()));
  std::printf("%s\n", xet_hex(hashes->front()).c_str());
}

// The whole file goes through a small buffer; each part works on what is in it.
void print_parts(const Path& path) {
  const auto file = posix_file_system().open(path, OpenMode::kRead);
  if (!file.ok()) fail(message(file.status()));
  Bytes buffer(kCached);
  std::vector<std::uint64_t> ends;
  double read = 0, gear = 0, blake3 = 0;
  std::uint64_t total = 0;
  Chunker chunker;
  for (std::size_t got = kCached; got == kCached; total += got) {
    read += cost([&] {
      got = 0;
      for (std::size_t step = kStep; step == kStep && got < kCached; got += step)
        step = (*file)->pread(MutableBytes(buffer).subspan(got, kStep), total + got).value_or(0);
    });
    const ByteView bytes = ByteView(buffer).first(got);
    gear += cost([&] { chunker.update(bytes, ends); });
    blake3 += cost([&] {
      for (std::size_t at = 0; at < got; at += 64 * kKiB)
        chunk_hash(bytes.subspan(at, std::min<std::size_t>(64 * kKiB, got - at)));
    });
  }
  const double gb = static_cast<double>(total) / 1e9;
  std::printf("%.6f %.6f %.6f\n", read / gb, gear / gb, blake3 / gb);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto is = [&](std::string_view name, std::size_t least) {
    return arguments.size() >= least && arguments[0] == name;
  };
  if (is("kernels", 1)) {
    for (const internal::GearKernel& kernel : internal::gear_kernels())
      std::printf("%s\n", std::string(kernel.name).c_str());
  } else if (is("hash", 3)) {
    if (arguments.size() > 3) choose(arguments[3]);
    print_hash(arguments[1], std::stoul(arguments[2]));
  } else if (is("parts", 2)) {
    if (arguments.size() > 2) choose(arguments[2]);
    print_parts(arguments[1]);
  } else {
    fail("hash FILE THREADS [KERNEL], parts FILE [KERNEL] or kernels");
  }
  return 0;
}

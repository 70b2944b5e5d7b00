// chunk_memory() in rounds: the C++ side of python_overhead.py.
//
// Usage: chunk_memory_bench FILE THREADS. Maps the file, then for each line on standard input
// chunks and hashes it once and prints CPU seconds, wall seconds and the file hash.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <hubdist/core/merkle.h>
#include <hubdist/io/chunk_memory.h>

namespace {

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: chunk_memory_bench FILE THREADS\n");
    return 2;
  }
  const int file = ::open(argv[1], O_RDONLY);
  const off_t size = file < 0 ? -1 : ::lseek(file, 0, SEEK_END);
  if (size <= 0) {
    std::perror(argv[1]);
    return 1;
  }
  void* const mapped =
      ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) {
    std::perror("mmap");
    return 1;
  }
  const hubdist::ByteView content(static_cast<const std::byte*>(mapped),
                                  static_cast<std::size_t>(size));
  const hubdist::ChunkStreamOptions options{std::strtoul(argv[2], nullptr, 10)};
  for (std::string line; std::getline(std::cin, line);) {
    const double cpu = cpu_seconds();
    const double wall = wall_seconds();
    const auto manifest = hubdist::chunk_memory(content, options);
    if (!manifest.ok()) return 1;
    std::printf("%.6f %.6f %s\n", cpu_seconds() - cpu, wall_seconds() - wall,
                hubdist::xet_hex(manifest->file_hash).c_str());
    std::fflush(stdout);
  }
}

// The algorithm of the published estimator (huggingface/dedupe_estimator), written plainly, for
// comparison: one thread, std::hash of each chunk, one LZ4 block of each new one. Like the
// published program it gathers a chunk byte by byte; with --gather-blocks it copies what it read
// at once, which the published program does not.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

#include <lz4.h>

#include "core/internal/gear_table.h"

namespace {

constexpr std::size_t kMinSize = 8 * 1024;
constexpr std::size_t kMaxSize = 128 * 1024;
constexpr std::uint64_t kMask = 0xffff'0000'0000'0000;

struct Seen {
  std::size_t size;
  std::size_t compressed;
};

std::size_t compressed_size(const std::string& chunk) {
  std::string out(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(chunk.size()))), 0);
  return static_cast<std::size_t>(LZ4_compress_default(
      chunk.data(), out.data(), static_cast<int>(chunk.size()), static_cast<int>(out.size())));
}

class Estimator {
 public:
  explicit Estimator(bool gather_blocks) : gather_blocks_(gather_blocks) {}

  bool read(const char* path) {
    std::FILE* file = std::fopen(path, "rb");
    if (!file) return false;
    std::vector<char> buffer(1 << 20);
    std::uint64_t hash = 0;
    std::string chunk;
    std::size_t size = 0;
    for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), file)) > 0;) {
      std::size_t begin = 0;
      for (std::size_t i = 0; i < n; ++i) {
        hash = (hash << 1) + hubdist::internal::kGearTable[static_cast<unsigned char>(buffer[i])];
        ++size;
        if ((size < kMinSize || (hash & kMask) != 0) && size < kMaxSize) continue;
        gather(chunk, buffer.data() + begin, buffer.data() + i + 1);
        begin = i + 1;
        add(chunk);
        chunk.clear();
        size = 0;
        hash = 0;
      }
      gather(chunk, buffer.data() + begin, buffer.data() + n);
    }
    add(chunk);
    std::fclose(file);
    return true;
  }

  void print() const {
    std::size_t size = 0;
    std::size_t compressed = 0;
    for (const auto& [hash, seen] : chunks_) {
      size += seen.size;
      compressed += seen.compressed;
    }
    std::printf("%zu bytes in distinct chunks, %zu compressed\n", size, compressed);
  }

 private:
  void gather(std::string& chunk, const char* begin, const char* end) const {
    if (gather_blocks_)
      chunk.append(begin, end);
    else
      for (; begin != end; ++begin) chunk.insert(chunk.end(), *begin);
  }

  void add(const std::string& chunk) {
    const std::size_t hash = std::hash<std::string>()(chunk);
    if (!chunks_.contains(hash)) chunks_[hash] = {chunk.size(), compressed_size(chunk)};
  }

  bool gather_blocks_;
  std::unordered_map<std::size_t, Seen> chunks_;
};

}  // namespace

int main(int argc, char** argv) {
  const bool gather_blocks = argc > 1 && std::strcmp(argv[1], "--gather-blocks") == 0;
  Estimator estimator(gather_blocks);
  for (int i = gather_blocks ? 2 : 1; i < argc; ++i)
    if (!estimator.read(argv[i])) {
      std::fprintf(stderr, "cannot read %s\n", argv[i]);
      return 1;
    }
  estimator.print();
}

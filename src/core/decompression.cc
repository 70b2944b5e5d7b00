#include <algorithm>
#include <memory>

#include <lz4frame.h>

#include "core/internal/byte_groups.h"
#include "core/internal/lz4_frame.h"
#include <hubdist/core/chunker.h>
#include <hubdist/core/compression.h>

namespace hubdist {
namespace {

struct FreeContext {
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};
using Context = std::unique_ptr<LZ4F_dctx, FreeContext>;

Status damaged(std::string_view cause) { return data_loss("a stored chunk is damaged: ", cause); }

// One LZ4 frame that is as long as `stored` and holds exactly `raw_size` bytes.
Result<Bytes> read_frame(ByteView stored, std::size_t raw_size) {
  LZ4F_dctx* made = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)))
    return resource_exhausted("no memory to decompress a chunk");
  const Context context(made);

  Bytes raw(raw_size);
  std::size_t written = 0;
  while (true) {
    std::size_t room = raw.size() - written;
    std::size_t taken = stored.size();
    const std::size_t wanted =
        LZ4F_decompress(context.get(), raw.data() + written, &room, stored.data(), &taken, nullptr);
    if (LZ4F_isError(wanted)) return damaged(LZ4F_getErrorName(wanted));
    written += room;
    stored = stored.subspan(taken);
    if (wanted == 0) break;
    if (room == 0 && taken == 0)
      return damaged(stored.empty() ? "its LZ4 frame is cut off" : "it holds more than it states");
  }
  if (written != raw_size)
    return damaged(concat("it holds ", written, " bytes, its header states ", raw_size));
  if (!stored.empty()) return damaged(concat(stored.size(), " bytes follow its LZ4 frame"));
  return raw;
}

Status check_size(std::size_t raw_size) {
  if (raw_size > 0 && raw_size <= kMaxChunkSize) return {};
  return invalid_argument("a chunk of ", raw_size, " bytes is stated, allowed are 1 to ",
                          kMaxChunkSize);
}

Status check_uncompressed(ByteView stored, std::size_t raw_size) {
  if (stored.size() == raw_size) return {};
  return damaged(concat("it has ", stored.size(), " bytes, its header states ", raw_size));
}

Status unknown_scheme(CompressionScheme scheme) {
  return invalid_argument("the compression scheme ", static_cast<int>(scheme), " is not known");
}

}  // namespace

Result<Bytes> decompress_chunk(CompressionScheme scheme, ByteView stored, std::size_t raw_size) {
  HUBDIST_TRY(check_size(raw_size));
  switch (scheme) {
    case CompressionScheme::kNone:
      HUBDIST_TRY(check_uncompressed(stored, raw_size));
      return Bytes(stored.begin(), stored.end());
    case CompressionScheme::kLz4:
      return read_frame(stored, raw_size);
    case CompressionScheme::kByteGroupedLz4: {
      HUBDIST_ASSIGN(const Bytes grouped, read_frame(stored, raw_size));
      Bytes raw(raw_size);
      internal::ungroup_bytes(grouped, raw.data());
      return raw;
    }
  }
  return unknown_scheme(scheme);
}

Status ChunkDecompressor::decompress(CompressionScheme scheme, ByteView stored, MutableBytes out) {
  HUBDIST_TRY(check_size(out.size()));
  switch (scheme) {
    case CompressionScheme::kNone:
      HUBDIST_TRY(check_uncompressed(stored, out.size()));
      std::copy(stored.begin(), stored.end(), out.begin());
      return {};
    case CompressionScheme::kLz4:
      return internal::read_lz4_frame(stored, out);
    case CompressionScheme::kByteGroupedLz4:
      grouped_.resize(out.size());
      HUBDIST_TRY(internal::read_lz4_frame(stored, grouped_));
      internal::ungroup_bytes(grouped_, out.data());
      return {};
  }
  return unknown_scheme(scheme);
}

}  // namespace hubdist

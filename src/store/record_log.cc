#include "store/internal/record_log.h"

#include <algorithm>

namespace hubdist::internal {
namespace {

constexpr std::string_view kMagic = "HUBDPRT1";
constexpr std::size_t kReadAtOnce = 1024 * kLogRecordSize;
constexpr std::uint32_t kChunkFlag = std::uint32_t{1} << 31;

std::uint32_t check_of(ByteView record_without_check) {
  const Blake3 hash = blake3(record_without_check);
  ByteReader reader(hash.bytes);
  return *reader.read<std::uint32_t>();
}

void encode(Bytes& out, const LogRecord& record) {
  const std::size_t begin = out.size();
  append_le(out, record.range.begin);
  append_le(out, static_cast<std::uint32_t>(record.range.size()) | (record.chunk ? kChunkFlag : 0));
  append_bytes(out, record.hash);
  append_le(out, check_of(ByteView(out).subspan(begin)));
}

// Nothing when the record is torn or lies outside a content of `size` bytes.
Result<LogRecord> decode(ByteView bytes, std::uint64_t size) {
  ByteReader reader(bytes);
  LogRecord record;
  HUBDIST_ASSIGN(record.range.begin, reader.read<std::uint64_t>());
  HUBDIST_ASSIGN(const std::uint32_t stated, reader.read<std::uint32_t>());
  const std::uint32_t length = stated & ~kChunkFlag;
  record.chunk = length != stated;
  HUBDIST_ASSIGN(const ByteView hash, reader.read_bytes(Blake3::kSize));
  HUBDIST_ASSIGN(const std::uint32_t check, reader.read<std::uint32_t>());
  if (check != check_of(bytes.first(kLogRecordSize - sizeof(check)))) return data_loss("torn");
  if (length == 0 || length > kRecordSpan || record.range.begin > size ||
      length > size - record.range.begin)
    return data_loss("out of bounds");
  record.range.end = record.range.begin + length;
  std::copy(hash.begin(), hash.end(), record.hash.begin());
  return record;
}

}  // namespace

Result<RecordLog> RecordLog::open(FileSystem& fs, const Path& path, std::uint64_t size) {
  RecordLog log;
  HUBDIST_ASSIGN(log.file_, fs.open(path, OpenMode::kCreate));
  HUBDIST_TRY(log.load(size));
  return log;
}

Status RecordLog::start(std::uint64_t size) {
  Bytes header;
  append_bytes(header, as_bytes(kMagic));
  append_le(header, size);
  HUBDIST_TRY(file_->truncate(0));
  HUBDIST_TRY(file_->pwrite(header, 0));
  end_ = kLogHeaderSize;
  return {};
}

Status RecordLog::load(std::uint64_t size) {
  Bytes buffer(kReadAtOnce);
  HUBDIST_ASSIGN(std::size_t count, file_->pread(std::span(buffer).first(kLogHeaderSize), 0));
  ByteReader header(ByteView(buffer).first(count));
  const auto magic = header.read_bytes(kMagic.size());
  const auto stated = header.read<std::uint64_t>();
  if (!magic.ok() || as_text(*magic) != kMagic || !stated.ok() || *stated != size)
    return start(size);

  end_ = kLogHeaderSize;
  for (bool torn = false; !torn;) {
    HUBDIST_ASSIGN(count, file_->pread(buffer, end_));
    const std::size_t whole = count - count % kLogRecordSize;
    torn = whole < buffer.size();  // the end of the file
    for (std::size_t at = 0; at < whole; at += kLogRecordSize) {
      auto record = decode(ByteView(buffer).subspan(at, kLogRecordSize), size);
      if (!record.ok()) {
        torn = true;
        break;
      }
      records_.push_back(*record);
      end_ += kLogRecordSize;
    }
  }
  HUBDIST_TRY(file_->truncate(end_));
  // Of two records at one place the later counts: stable, so that it comes last.
  std::stable_sort(records_.begin(), records_.end(), [](const LogRecord& a, const LogRecord& b) {
    return a.range.begin < b.range.begin;
  });
  return {};
}

Status RecordLog::append(std::span<const LogRecord> records) {
  Bytes out;
  out.reserve(records.size() * kLogRecordSize);
  for (const LogRecord& record : records) encode(out, record);
  HUBDIST_TRY(file_->pwrite(out, end_));
  end_ += out.size();
  return {};
}

}  // namespace hubdist::internal

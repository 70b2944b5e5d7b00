#include <set>

#include "server/internal/lru_cache.h"
#include "server/internal/xet_file_object.h"
#include "server/internal/xet_reader.h"
#include "server/internal/xorb_object.h"
#include <hubdist/base/log.h>
#include <hubdist/core/shard.h>
#include <hubdist/server/xet_store.h>

namespace hubdist {

namespace {

constexpr std::size_t kCacheRoom = 64 * kMiB;
constexpr std::size_t kEntryOverhead = 256;  // of a cache, roughly
constexpr std::uint64_t kMaxContentRecord = 64;

std::string key_of(std::string_view folder, std::string_view hex) {
  return concat(folder, '/', hex.substr(0, 2), '/', hex);
}

// Counts what it has made durable.
class CountingWriter final : public ObjectWriter {
 public:
  CountingWriter(std::unique_ptr<ObjectWriter> inner, std::atomic<std::uint64_t>& bytes)
      : inner_(std::move(inner)), bytes_(bytes) {}
  Status write(ByteView bytes) override {
    written_ += bytes.size();
    return inner_->write(bytes);
  }
  Status finish() override { return count(inner_->finish()); }
  Status finish_new() override { return count(inner_->finish_new()); }

 private:
  Status count(const Status& finished) {
    if (finished.ok()) bytes_ += written_;
    return finished;
  }

  const std::unique_ptr<ObjectWriter> inner_;
  std::atomic<std::uint64_t>& bytes_;
  std::uint64_t written_ = 0;
};

std::size_t memory_of(const XorbIndex& index) {
  return kEntryOverhead + index.chunk_count() * (sizeof(ChunkHash) + 2 * sizeof(std::uint32_t));
}

}  // namespace

struct XetStore::Memory {
  internal::LruCache<XorbHash, XorbIndex> indexes{kCacheRoom};
  internal::LruCache<XetHash, XetFile> files{kCacheRoom};
  std::mutex mutex;
  std::set<XorbHash> upgrading;  // whose footers are being replaced
  std::atomic<std::uint64_t> file_bytes = 0;
  std::atomic<std::uint64_t> xorb_bytes = 0;

  bool begin_upgrade(const XorbHash& xorb) {
    const std::lock_guard lock(mutex);
    return upgrading.insert(xorb).second;
  }
  void end_upgrade(const XorbHash& xorb) {
    const std::lock_guard lock(mutex);
    upgrading.erase(xorb);
  }
};

XetStore::XetStore(ObjectStore& store, OldFooters old_footers)
    : store_(store), old_footers_(old_footers), memory_(std::make_unique<Memory>()) {}
XetStore::~XetStore() = default;

Result<std::shared_ptr<const XorbIndex>> XetStore::index(const XorbHash& xorb,
                                                         ReadCounter read_bytes) const {
  if (auto known = memory_->indexes.find(xorb)) return known;
  HUBDIST_ASSIGN(const auto object, open_xorb(xorb));
  HUBDIST_ASSIGN(internal::StoredIndex found, internal::read_index(*object, xorb, read_bytes));
  // The index serves whether or not the footer can be replaced.
  const bool replace = found.old && old_footers_ == OldFooters::kReplace;
  if (replace && memory_->begin_upgrade(xorb)) {
    const Status replaced = internal::replace_footer(store_, *object, found.index, read_bytes);
    memory_->end_upgrade(xorb);
    if (!replaced.ok())
      log(LogLevel::kWarning, "the footer of the xorb ", xet_hex(xorb),
          " stays in its old form: ", message(replaced));
  }
  auto index = std::make_shared<const XorbIndex>(std::move(found.index));
  memory_->indexes.insert(xorb, index, memory_of(*index));
  return index;
}

Result<std::unique_ptr<ObjectReader>> XetStore::open_xorb(const XorbHash& xorb) const {
  auto object = store_.open(xorb_key(xorb));
  if (object.status().code() == StatusCode::kNotFound)
    return not_found("there is no xorb ", xet_hex(xorb));
  return object;
}

Result<std::shared_ptr<const XetFile>> XetStore::file(const XetHash& hash,
                                                      ReadCounter read_bytes) const {
  if (auto known = memory_->files.find(hash)) return known;
  const auto object = store_.open(xet_file_key(hash));
  if (object.status().code() == StatusCode::kNotFound)
    return not_found("there is no Xet file ", xet_hex(hash));
  HUBDIST_TRY(object.status());
  const std::string what = concat("the Xet file ", xet_hex(hash), " is damaged");
  if ((*object)->size() > kMaxShardSize) return data_loss(what, ": it is too long");
  Bytes bytes(static_cast<std::size_t>((*object)->size()));
  HUBDIST_TRY(internal::read_exactly(**object, bytes, 0, read_bytes));
  auto parsed = internal::parse_xet_file(bytes, hash);
  if (!parsed.ok()) return data_loss(what, ": ", message(parsed.status()));
  auto file = std::make_shared<const XetFile>(*std::move(parsed));
  memory_->files.insert(hash, file, internal::memory_of(*file));
  return file;
}

Result<std::optional<XetHash>> XetStore::file_of(const Sha256& sha256) const {
  const auto object = store_.get(xet_content_key(sha256), kMaxContentRecord);
  if (object.status().code() == StatusCode::kNotFound) return std::nullopt;
  const auto hash = object.ok() ? parse_xet_hex<XetHash>(object->content) : object.status();
  if (hash.ok()) return *hash;
  if (object.ok() || hash.status().code() == StatusCode::kOutOfRange)
    return data_loss("the object ", xet_content_key(sha256), " names no Xet file");
  return hash.status();
}

Result<std::unique_ptr<ObjectReader>> XetStore::open_file(const XetHash& hash,
                                                          ReadCounter read_bytes) const {
  HUBDIST_ASSIGN(auto found, file(hash, read_bytes));
  return std::make_unique<internal::XetReader>(*this, std::move(found), read_bytes);
}

Result<std::unique_ptr<ObjectWriter>> XetStore::create_xorb(const XorbHash& xorb) {
  HUBDIST_ASSIGN(auto writer, store_.create(xorb_key(xorb)));
  return std::make_unique<CountingWriter>(std::move(writer), memory_->xorb_bytes);
}

Status XetStore::keep(ObjectWriter& writer, const XorbIndex& index) {
  Bytes footer;
  append_xorb_footer(footer, index);
  HUBDIST_TRY(writer.write(footer));
  return keep_whole(writer, index.hash);
}

// One hash has many packings, and others know where the chunks of the one that is there lie.
Status XetStore::keep_whole(ObjectWriter& writer, const XorbHash& xorb) {
  const Status kept = writer.finish_new();
  if (kept.code() != StatusCode::kAlreadyExists) return kept;
  const auto object = open_xorb(xorb);
  const Status sound =
      object.ok() ? internal::read_index(**object, xorb, nullptr).status() : object.status();
  if (sound.ok()) return store_.settle(xorb_key(xorb));
  if (sound.code() != StatusCode::kDataLoss && sound.code() != StatusCode::kNotFound) return sound;
  HUBDIST_TRY(writer.finish());
  memory_->indexes.erase(xorb);
  return {};
}

Status XetStore::put_file(const XetFile& file) {
  const auto known = this->file(file.hash);
  if (known.ok() && ((*known)->sha256 || !file.sha256))
    return store_.settle(xet_file_key(file.hash));
  if (!known.ok() && known.status().code() != StatusCode::kNotFound &&
      known.status().code() != StatusCode::kDataLoss)
    return known.status();
  XetFile stored{file.hash, file.size, file.terms, file.sha256, {}};
  std::vector<std::string> xorbs;
  std::uint64_t size = 0;
  for (const Term& term : file.terms) {
    HUBDIST_ASSIGN(const auto xorb, index(term.xorb));
    HUBDIST_TRY(xorb->raw_size_of(term.chunks).status());
    size += term.raw_size;
    xorbs.push_back(xorb_key(term.xorb));
    stored.range_hashes.push_back(
        range_hash(std::span(xorb->hashes).subspan(term.chunks.begin, term.chunks.size())));
  }
  HUBDIST_ASSIGN(const Bytes object, internal::xet_file_object(stored));
  // Others may have brought the xorbs a moment ago.
  HUBDIST_TRY(store_.settle(xorbs));
  HUBDIST_TRY(store_.put(xet_file_key(file.hash), object));
  memory_->files.erase(file.hash);
  if (!known.ok()) memory_->file_bytes += size;
  return {};
}

Status XetStore::put_content(const Sha256& sha256, const XetHash& file) {
  const auto known = store_.head(xet_file_key(file));
  if (known.status().code() == StatusCode::kNotFound)
    return not_found("there is no Xet file ", xet_hex(file));
  HUBDIST_TRY(known.status());
  HUBDIST_TRY(store_.settle(xet_file_key(file)));
  return store_.put(xet_content_key(sha256), as_bytes(xet_hex(file)));
}

XetTotals XetStore::totals() const { return {memory_->file_bytes, memory_->xorb_bytes}; }

std::string xorb_key(const XorbHash& hash) { return key_of("xorbs", xet_hex(hash)); }
std::string xet_file_key(const XetHash& hash) { return key_of("xet-files", xet_hex(hash)); }
std::string xet_content_key(const Sha256& sha256) { return key_of("xet-contents", sha256.hex()); }

}  // namespace hubdist

#include "server/internal/shard_intake.h"

#include <algorithm>
#include <set>

#include "server/internal/api_support.h"

namespace hubdist::internal {

namespace {

constexpr std::size_t kHashStep = 1 * kMiB;

std::vector<Term> terms_of(const ShardFile& file) {
  std::vector<Term> terms(file.term_count());
  for (std::uint32_t i = 0; i < terms.size(); ++i) terms[i] = file.term(i);
  return terms;
}

// What the uploader states; clients state zeros for an empty file.
std::optional<Sha256> stated_sha256(const ShardFile& file) {
  auto stated = file.sha256();
  if (stated == Sha256{}) stated.reset();
  return stated;
}

}  // namespace

// A xorb that the repository may not name is as if it were nowhere.
Result<std::shared_ptr<const XorbIndex>> ShardIntake::xorb(const XorbHash& hash) {
  auto named = named_.find(hash);
  if (named == named_.end()) {
    HUBDIST_ASSIGN(const bool may, may_name_(hash));
    named = named_.emplace(hash, may).first;
  }
  if (!named->second)
    return invalid_argument("this repository has no xorb ", xet_hex(hash), ": upload it first");
  return places_.xet.index(hash);
}

Status ShardIntake::check() {
  HUBDIST_ASSIGN(shard_, Shard::parse(bytes_));
  if (shard_->footer() && shard_->footer()->key != DedupeKey{})
    return invalid_argument("the shard's chunk hashes are keyed: such say nothing to others");
  HUBDIST_TRY(check_shard(*shard_));
  HUBDIST_TRY(check_xorbs());
  return check_files();
}

Status ShardIntake::check_xorbs() {
  for (std::uint32_t i = 0; i < shard_->xorb_count(); ++i) {
    const ShardXorb block = shard_->xorb(i);
    HUBDIST_ASSIGN(const auto index, xorb(block.hash()));
    HUBDIST_TRY(check_xorb(block, *index));
  }
  return {};
}

Status ShardIntake::check_files() {
  std::uint64_t chunks = 0;
  for (std::uint32_t i = 0; i < shard_->file_count(); ++i) {
    const ShardFile file = shard_->file(i);
    const std::uint64_t size = file.size();
    total_ += size;
    for (std::uint32_t t = 0; t < file.term_count(); ++t) chunks += file.term(t).chunks.size();
    if (size > kMaxXetFileSize || total_ > kMaxShardContent || chunks > kMaxShardFileChunks)
      return invalid_argument("the shard tells more than a hub takes at once: a file of at most ",
                              kMaxXetFileSize, " bytes, files of ", kMaxShardContent, " bytes and ",
                              kMaxShardFileChunks, " chunks in all");
  }
  for (std::uint32_t i = 0; i < shard_->file_count(); ++i)
    HUBDIST_TRY(check_file(shard_->file(i), [this](const XorbHash& hash) { return xorb(hash); }));
  return {};
}

Result<bool> ShardIntake::advance(Instant deadline, const std::stop_token& stop) {
  while (true) {
    if (stop.stop_requested()) return stopping();
    if (reader_ == nullptr) {
      if (next_ == shard_->file_count()) break;
      HUBDIST_TRY(begin_file());
    }
    while (reader_ != nullptr && read_ < file_.size) {
      if (stop.stop_requested()) return stopping();
      HUBDIST_TRY(hash_some());
      if (system_clock().now() >= deadline) return false;
    }
    if (reader_ != nullptr) {
      file_.sha256 = sha256_.finish();
      reader_.reset();
    }
    HUBDIST_TRY(keep_file());
    if (system_clock().now() >= deadline) return false;
  }
  HUBDIST_TRY(keep_chunks());
  return true;
}

Status ShardIntake::begin_file() {
  const ShardFile block = shard_->file(next_++);
  file_ = XetFile{block.hash(), block.size(), terms_of(block), std::nullopt, {}};
  stated_ = stated_sha256(block);
  for (std::uint32_t i = 0; i < block.term_count(); ++i)
    file_.range_hashes.push_back(block.range_hash(i));
  // Another's file is read like one that nobody has: time does not tell that it is there.
  const auto known = places_.proofs.file(repo_, file_.hash);
  const bool unknown = known.status().code() == StatusCode::kNotFound ||
                       known.status().code() == StatusCode::kDataLoss;
  if (!known.ok() && !unknown) return known.status();
  if (known.ok() && (*known)->sha256) {
    file_.sha256 = (*known)->sha256;
    hashed_ += file_.size;
    return {};
  }
  reader_ =
      std::make_unique<XetReader>(places_.xet, std::make_shared<const XetFile>(file_), nullptr);
  sha256_ = Sha256Hasher();
  read_ = 0;
  step_.resize(kHashStep);
  return {};
}

Status ShardIntake::hash_some() {
  HUBDIST_ASSIGN(const std::size_t count, reader_->read(step_, read_));
  if (count == 0) return data_loss("a file ends before its terms do");
  sha256_.update(ByteView(step_).first(count));
  read_ += count;
  hashed_ += count;
  return {};
}

// Each is written after what it names: only the proofs make it the repository's.
Status ShardIntake::keep_file() {
  const Sha256& sha256 = *file_.sha256;
  if (stated_ && *stated_ != sha256)
    return data_loss("the file ", xet_hex(file_.hash), " has the SHA-256 ", sha256.hex(), ", not ",
                     stated_->hex(), " as stated");
  HUBDIST_TRY(places_.xet.put_file(file_));
  HUBDIST_TRY(places_.xet.put_content(sha256, file_.hash));
  HUBDIST_TRY(places_.proofs.put_file(repo_, file_));
  return places_.repositories.put_proof(repo_, sha256, file_.size);
}

// Clients ask for a file's first chunk, and for some by their hashes. What its files consist of and
// what is new come together: who has one chunk of it may well have the others.
Status ShardIntake::keep_chunks() {
  std::vector<XorbHash> group;
  std::set<XorbHash> in_group;
  std::vector<ChunkIndex::Place> places;
  const auto join = [&](const XorbHash& hash) {
    if (group.size() < ChunkIndex::kMaxGroup && in_group.insert(hash).second) group.push_back(hash);
  };
  for (std::uint32_t i = 0; i < shard_->file_count(); ++i) {
    const ShardFile file = shard_->file(i);
    for (std::uint32_t t = 0; t < file.term_count(); ++t) join(file.term(t).xorb);
    if (file.term_count() == 0) continue;
    const Term first = file.term(0);
    HUBDIST_ASSIGN(const auto index, xorb(first.xorb));
    places.push_back({index->hashes[first.chunks.begin], first.xorb});
  }
  for (std::uint32_t i = 0; i < shard_->xorb_count(); ++i) {
    const ShardXorb block = shard_->xorb(i);
    join(block.hash());
    for (std::uint32_t c = 0; c < block.chunk_count(); ++c) {
      const ShardChunk chunk = block.chunk(c);
      if (chunk.global_dedupe || is_global_dedupe_chunk(chunk.hash))
        places.push_back({chunk.hash, block.hash()});
    }
  }
  return places_.chunks.add(group, places);
}

}  // namespace hubdist::internal

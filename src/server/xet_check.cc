#include "server/internal/xet_check.h"

#include "server/internal/each_object.h"
#include "server/internal/xet_file_object.h"
#include "server/internal/xorb_object.h"
#include <hubdist/core/hash.h>
#include <hubdist/core/shard_check.h>
#include <hubdist/core/xorb_verifier.h>

namespace hubdist::internal {

namespace {

constexpr std::string_view kXorbProofs = "xet-proofs/xorbs/";
constexpr std::string_view kFileProofs = "xet-proofs/files/";

// The part of a proof's key that names what was proved: the one before the last.
std::string_view proved_part(std::string_view key) {
  return last_part(key.substr(0, key.rfind('/')));
}

}  // namespace

Status XetCheck::run() {
  const auto each = [this](std::string_view prefix,
                           Status (XetCheck::*check)(const StoredObject&)) {
    return each_object(store_, prefix, stop_,
                       [&](const StoredObject& object) { return (this->*check)(object); });
  };
  HUBDIST_TRY(each("xorbs/", &XetCheck::check_xorb));
  HUBDIST_TRY(each("xet-files/", &XetCheck::check_xet_file));
  HUBDIST_TRY(each("xet-contents/", &XetCheck::check_content));
  HUBDIST_TRY(each(kXorbProofs, &XetCheck::check_proof));
  return each(kFileProofs, &XetCheck::check_proof);
}

Status XetCheck::report(std::string_view what, const Status& status) const {
  if (status.code() == StatusCode::kCancelled) return status;
  if (!status.ok()) problem_(concat(what, ": ", message(status)));
  return {};
}

Status XetCheck::check_xorb(const StoredObject& object) {
  const auto hash = parse_xet_hex<XorbHash>(last_part(object.key));
  if (!hash.ok()) return report(object.key, hash.status());
  ++result_.xorbs;
  result_.xorb_bytes += object.size;
  xorbs_[*hash] = {object.size, false};
  const auto reader = xet_.open_xorb(*hash);
  return report(object.key, reader.ok() ? read_xorb(**reader, *hash) : reader.status());
}

Status XetCheck::read_xorb(ObjectReader& reader, const XorbHash& hash) {
  HUBDIST_ASSIGN(const StoredIndex found, read_index(reader, hash, nullptr));
  if (found.old) ++result_.old_footers;
  if (!options_.hash_contents) return {};
  XorbVerifier verifier;
  HUBDIST_TRY(read_all(reader, stop_, [&](ByteView bytes) { return verifier.update(bytes); }));
  return verifier.finish(hash).status();
}

Status XetCheck::check_xet_file(const StoredObject& object) {
  const auto hash = parse_xet_hex<XetHash>(last_part(object.key));
  if (!hash.ok()) return report(object.key, hash.status());
  ++result_.xet_files;
  const auto stored = store_.get(object.key, kMaxShardSize);
  if (!stored.ok()) return report(object.key, stored.status());
  const auto known = xet_.file(*hash);  // whether it can be read at all
  if (!known.ok()) return report(object.key, known.status());
  files_[*hash] = {(*known)->size, false};
  for (const Term& term : (*known)->terms)
    if (const auto xorb = xorbs_.find(term.xorb); xorb != xorbs_.end()) xorb->second.used = true;
  const auto shard = Shard::parse(as_bytes(stored->content));
  if (!shard.ok()) return report(object.key, shard.status());
  return report(object.key, check_file(shard->file(0),
                                       [this](const XorbHash& xorb) { return xet_.index(xorb); }));
}

Status XetCheck::check_content(const StoredObject& object) {
  const auto sha256 = Sha256::parse(last_part(object.key));
  if (!sha256.ok()) return report(object.key, sha256.status());
  const auto hash = xet_.file_of(*sha256);
  if (!hash.ok() || !*hash) return report(object.key, hash.status());
  const auto file = files_.find(**hash);
  if (file == files_.end())
    return report(object.key, not_found("there is no Xet file ", xet_hex(**hash)));
  file->second.used = true;
  contents_[*sha256] = {**hash, file->second.size, false};
  if (!options_.hash_contents) return {};
  return report(object.key, hash_content(*sha256, **hash));
}

Status XetCheck::hash_content(const Sha256& sha256, const XetHash& file) {
  HUBDIST_ASSIGN(const auto reader, xet_.open_file(file));
  Sha256Hasher hash;
  HUBDIST_TRY(read_all(*reader, stop_, [&](ByteView bytes) {
    hash.update(bytes);
    return Status();
  }));
  const Sha256 found = hash.finish();
  if (found == sha256) return {};
  return data_loss("the content has the SHA-256 ", found.hex());
}

Status XetCheck::check_proof(const StoredObject& object) {
  const std::string_view name = proved_part(object.key);
  bool there = false;
  if (object.key.starts_with(kXorbProofs)) {
    const auto hash = parse_xet_hex<XorbHash>(name);
    there = hash.ok() && xorbs_.contains(*hash);
  } else {
    const auto hash = parse_xet_hex<XetHash>(name);
    there = hash.ok() && files_.contains(*hash);
    if (there) return report(object.key, check_proved_terms(object.key, *hash));
  }
  return there ? Status() : report(object.key, not_found("what it proves is not there"));
}

Status XetCheck::check_proved_terms(std::string_view key, const XetHash& hash) {
  HUBDIST_ASSIGN(const auto stored, store_.get(key, kMaxShardSize));
  const ByteView bytes = as_bytes(stored.content);
  HUBDIST_ASSIGN(const XetFile file, parse_xet_file(bytes, hash));
  for (const Term& term : file.terms)
    if (const auto xorb = xorbs_.find(term.xorb); xorb != xorbs_.end()) xorb->second.used = true;
  HUBDIST_ASSIGN(const Shard shard, Shard::parse(bytes));
  return check_file(shard.file(0), [this](const XorbHash& xorb) { return xet_.index(xorb); });
}

const XetCheck::Content* XetCheck::use(const Sha256& sha256) {
  const auto found = contents_.find(sha256);
  if (found == contents_.end()) return nullptr;
  found->second.used = true;
  return &found->second;
}

void XetCheck::count_unused() {
  for (const auto& [sha256, content] : contents_) result_.unused_contents += !content.used;
  for (const auto& [hash, file] : files_) result_.unused_files += !file.used;
  for (const auto& [hash, xorb] : xorbs_) {
    if (xorb.used) continue;
    ++result_.unused_xorbs;
    result_.unused_bytes += xorb.size;
  }
}

}  // namespace hubdist::internal

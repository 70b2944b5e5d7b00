#include "server/internal/xet_file_object.h"

#include <hubdist/core/shard_builder.h>

namespace hubdist::internal {

Result<XetFile> parse_xet_file(ByteView object, const XetHash& hash) {
  HUBDIST_ASSIGN(const Shard shard, Shard::parse(object));
  if (shard.file_count() != 1 || shard.file(0).hash() != hash)
    return invalid_argument("its object holds another");
  const ShardFile stored = shard.file(0);
  if (stored.term_count() > 0 && !stored.has_range_hashes())
    return invalid_argument("its terms have no range hashes");
  FileRecord record = make_record(stored);
  for (const Term& term : record.terms) HUBDIST_TRY(check_term(term));
  return XetFile{hash, stored.size(), std::move(record.terms), record.sha256,
                 std::move(record.range_hashes)};
}

Result<Bytes> xet_file_object(const XetFile& file) {
  ShardBuilder builder;
  HUBDIST_TRY(builder.add(FileRecord{file.hash, file.terms, file.range_hashes, file.sha256}));
  return builder.upload_form();
}

std::size_t memory_of(const XetFile& file) {
  return 256 + file.terms.size() * (sizeof(Term) + sizeof(RangeHash));
}

}  // namespace hubdist::internal

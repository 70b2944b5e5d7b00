#include "tests/fuzz/fuzz.h"
#include <hubdist/core/shard_builder.h>
#include <hubdist/core/shard_check.h>

using namespace hubdist;
using hubdist::fuzz::fuzz_check;

namespace {

void look_up(const Shard& shard) {
  for (std::uint32_t i = 0; i < shard.file_count(); ++i) {
    const ShardFile file = shard.file(i);
    (void)file.size();
    (void)file.sha256();
    for (std::uint32_t t = 0; file.has_range_hashes() && t < file.term_count(); ++t)
      (void)file.range_hash(t);
    const auto found = shard.find_file(file.hash());
    fuzz_check(!found || found->hash() == file.hash(), "another file was found");
  }
  for (std::uint32_t i = 0; i < shard.xorb_count(); ++i) {
    const ShardXorb xorb = shard.xorb(i);
    for (std::uint32_t c = 0; c < xorb.chunk_count(); ++c) {
      for (const auto& place : shard.find_chunk(xorb.chunk(c).hash, 3))
        fuzz_check(place.chunk < shard.xorb(place.xorb).chunk_count(), "a chunk beyond its xorb");
    }
  }
}

}  // namespace

// Whatever bytes say, they are read within their bounds; what passes the check comes back from the
// builder as it was.
FUZZ_TARGET(shard, 4000) {
  const auto shard = Shard::parse(input);
  if (!shard.ok()) return;
  look_up(*shard);
  ShardBuilder builder;
  for (std::uint32_t i = 0; i < shard->file_count(); ++i)
    fuzz_check(builder.add(make_record(shard->file(i))).ok(), "a file that cannot be written");
  for (std::uint32_t i = 0; i < shard->xorb_count(); ++i)
    if (!builder.add(make_record(shard->xorb(i))).ok()) return;
  const Bytes written = builder.stored_form({}).value();
  const auto again = Shard::parse(written);
  fuzz_check(again.ok(), "a shard that was written cannot be read");
  for (std::uint32_t i = 0; i < again->file_count(); ++i)
    fuzz_check(shard->find_file(again->file(i).hash()).has_value() || !check_shard(*shard).ok(),
               "a file was lost");
  if (check_shard(*shard).ok() && (!shard->footer() || shard->footer()->key == DedupeKey{}))
    fuzz_check(check_shard(*again).ok(), "a shard that passed does so no more");
}

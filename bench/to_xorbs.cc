// Moves the large contents of a hub's folder into Xet storage, as uploads by hf_xet leave them: the
// C++ side of hub_server.py.
//
// Usage: to_xorbs ROOT. Prints bytes of the contents and bytes of the xorbs. The hub's own names
// for the contents are believed.
#include <cstdio>
#include <optional>

#include <hubdist/core/compression.h>
#include <hubdist/core/xorb_builder.h>
#include <hubdist/io/chunk_stream.h>
#include <hubdist/server/repository.h>
#include <hubdist/server/xet_store.h>

namespace {

using namespace hubdist;

constexpr std::uint64_t kLarge = 1 * kMiB;

// Puts the chunks of one content into xorbs, and says what file they make.
class Packer {
 public:
  explicit Packer(XetStore& store) : store_(store) {}

  Status add(const ChunkBatch& batch) {
    std::size_t offset = 0;
    for (const Chunk& chunk : batch.chunks) {
      const ByteView bytes = batch.bytes.subspan(offset, chunk.size);
      offset += chunk.size;
      if (!builder_.fits(chunk.size)) HUBDIST_TRY(finish_xorb());
      if (builder_.chunk_count() % kChunksPerScheme == 0) scheme_ = choose_compression(bytes);
      HUBDIST_TRY(builder_.add(chunk.hash, bytes, scheme_).status());
      tree_.update(chunk);
    }
    return {};
  }
  Result<XetFile> finish() {
    if (!builder_.empty()) HUBDIST_TRY(finish_xorb());
    file_.hash = tree_.file_hash();
    return std::move(file_);
  }

 private:
  Status finish_xorb() {
    HUBDIST_ASSIGN(const BuiltXorb xorb, builder_.finish());
    file_.terms.push_back({xorb.index.hash,
                           {0, xorb.index.chunk_count()},
                           static_cast<std::uint32_t>(xorb.index.raw_size())});
    if (store_.index(xorb.index.hash).ok()) return {};
    HUBDIST_ASSIGN(const auto writer, store_.create_xorb(xorb.index.hash));
    HUBDIST_TRY(writer->write(xorb.bytes));
    return store_.keep(*writer, xorb.index);
  }

  XetStore& store_;
  XorbBuilder builder_;
  CompressionScheme scheme_ = CompressionScheme::kNone;
  MerkleHasher tree_;
  XetFile file_;
};

Status move_content(ObjectStore& objects, XetStore& store, const std::string& key) {
  HUBDIST_ASSIGN(const Sha256 sha256, Sha256::parse(key.substr(key.rfind('/') + 1)));
  HUBDIST_ASSIGN(const auto reader, objects.open(key));
  Packer packer(store);
  HUBDIST_TRY(stream_chunks(*reader->file(), [&](const std::shared_ptr<const ChunkBatch>& batch) {
    return packer.add(*batch);
  }));
  HUBDIST_ASSIGN(XetFile file, packer.finish());
  file.sha256 = sha256;
  HUBDIST_TRY(store.put_file(file));
  HUBDIST_TRY(store.put_content(sha256, file.hash));
  return objects.remove(key);
}

Status move_all(const Path& root) {
  HUBDIST_ASSIGN(const auto objects, open_folder_store(posix_file_system(), root));
  XetStore store(*objects);
  HUBDIST_ASSIGN(const ObjectPage page, objects->list("blobs/"));
  for (const StoredObject& object : page.objects)
    if (object.size >= kLarge) HUBDIST_TRY(move_content(*objects, store, object.key));
  const XetTotals totals = store.totals();
  std::printf("%llu %llu\n", static_cast<unsigned long long>(totals.file_bytes),
              static_cast<unsigned long long>(totals.xorb_bytes));
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: to_xorbs ROOT\n");
    return 2;
  }
  const Status moved = move_all(argv[1]);
  if (moved.ok()) return 0;
  std::fprintf(stderr, "to_xorbs: %s\n", std::string(message(moved)).c_str());
  return 1;
}

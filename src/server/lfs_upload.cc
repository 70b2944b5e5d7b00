#include "server/internal/lfs_upload.h"

#include "server/internal/api_support.h"
#include <hubdist/core/hash.h>

namespace hubdist::internal {

namespace {

constexpr std::size_t kCopyStep = 1 * kMiB;

std::string part_key(const LfsLink& link, std::uint64_t part) {
  return concat("parts/", link.storage.text, '/', link.oid.hex(), '/', link.part_size, '-', part);
}

Status wrong_content(const LfsLink& link, const Sha256& found) {
  return api_error(400, "",
                   concat("What came has the SHA-256 ", found.hex(), ", not ", link.oid.hex(),
                          " as announced: nothing was kept"));
}

Status keep(Repositories& repositories, const LfsLink& link, ObjectWriter& writer,
            const Sha256& found) {
  if (found != link.oid) return wrong_content(link, found);
  HUBDIST_TRY(writer.finish());
  return repositories.put_proof(link.storage, link.oid, link.size);
}

// A content is written whether or not the hub has it: nobody learns from the time that it takes.
class LfsSink final : public HttpBodySink {
 public:
  LfsSink(Repositories& repositories, const LfsLink& link, std::unique_ptr<ObjectWriter> writer,
          Gate::Pass pass)
      : repositories_(repositories),
        link_(link),
        writer_(std::move(writer)),
        pass_(std::move(pass)) {}

  std::optional<HttpServerResponse> write(ByteView bytes) override {
    received_ += bytes.size();
    if (received_ > link_.upload_size()) return error_response(wrong_size());
    hash_.update(bytes);
    const Status written = writer_->write(bytes);
    if (written.ok()) return std::nullopt;
    return error_response(written);
  }

  HttpServerResponse finish() override {
    if (received_ != link_.upload_size()) return error_response(wrong_size());
    const Sha256 found = hash_.finish();
    const Status kept = link_.action == LfsLink::Action::kUploadPart
                            ? writer_->finish()
                            : keep(repositories_, link_, *writer_, found);
    if (!kept.ok()) return error_response(kept);
    HttpServerResponse response;
    response.headers.add("ETag", concat('"', found.hex(), '"'));
    return response;
  }

 private:
  Status wrong_size() const {
    return api_error(400, "",
                     concat("What came has ", received_ > link_.upload_size() ? "more than " : "",
                            std::min(received_, link_.upload_size()), " bytes, not ",
                            link_.upload_size(), " as announced: nothing was kept"));
  }

  Repositories& repositories_;
  const LfsLink link_;
  const std::unique_ptr<ObjectWriter> writer_;
  const Gate::Pass pass_;
  Sha256Hasher hash_;
  std::uint64_t received_ = 0;
};

bool is_missing(const Status& error) { return error.code() == StatusCode::kNotFound; }

// NotFound when it is missing or not whole.
Status copy_part(ObjectStore& store, const LfsLink& link, std::uint64_t part, Sha256Hasher& hash,
                 ObjectWriter& writer, const std::stop_token& stop) {
  LfsLink of_part = link;
  of_part.action = LfsLink::Action::kUploadPart;
  of_part.part = part;
  auto reader = store.open(part_key(link, part));
  const bool whole = reader.ok() && (*reader)->size() == of_part.upload_size();
  if (is_missing(reader.status()) || (reader.ok() && !whole))
    return with_detail(not_found("Part ", part, " of the upload is missing"), Detail::kHttpStatus,
                       "400");
  if (!reader.ok()) return reader.status();
  Bytes buffer(kCopyStep);
  for (std::uint64_t offset = 0; offset < (*reader)->size();) {
    if (stop.stop_requested()) return stopping();
    HUBDIST_ASSIGN(const std::size_t count, (*reader)->read(buffer, offset));
    if (count == 0) return data_loss("a part of an upload ends early");
    const ByteView bytes = ByteView(buffer).first(count);
    hash.update(bytes);
    HUBDIST_TRY(writer.write(bytes));
    offset += count;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<HttpBodySink>> make_lfs_sink(Repositories& repositories, const LfsLink& link,
                                                    Gate::Pass pass) {
  const bool is_part = link.action == LfsLink::Action::kUploadPart;
  HUBDIST_ASSIGN(auto writer, repositories.store().create(is_part ? part_key(link, link.part)
                                                                  : blob_key(link.oid)));
  return std::make_unique<LfsSink>(repositories, link, std::move(writer), std::move(pass));
}

namespace {

// A part that is gone may have been joined by the same request, sent twice.
Status joined_beside(Repositories& repositories, const LfsLink& link, const Status& missing) {
  HUBDIST_ASSIGN(const auto proved, repositories.proved_size(link.storage, link.oid));
  if (proved != link.size) return missing;
  return repositories.store().settle(proof_key(link.storage, link.oid));
}

}  // namespace

Status join_parts(Repositories& repositories, const LfsLink& link, const std::stop_token& stop) {
  HUBDIST_ASSIGN(const auto proved, repositories.proved_size(link.storage, link.oid));
  if (proved == link.size) {
    HUBDIST_TRY(repositories.store().settle(proof_key(link.storage, link.oid)));
    return remove_parts(repositories.store(), link);
  }
  HUBDIST_ASSIGN(const auto writer, repositories.store().create(blob_key(link.oid)));
  Sha256Hasher hash;
  for (std::uint64_t part = 1; part <= link.parts(); ++part) {
    const Status copied = copy_part(repositories.store(), link, part, hash, *writer, stop);
    if (is_missing(copied)) return joined_beside(repositories, link, copied);
    HUBDIST_TRY(copied);
  }
  const Status kept = keep(repositories, link, *writer, hash.finish());
  HUBDIST_TRY(remove_parts(repositories.store(), link));
  return kept;
}

Status remove_parts(ObjectStore& store, const LfsLink& link) {
  for (std::uint64_t part = 1; part <= link.parts(); ++part)
    HUBDIST_TRY(store.remove(part_key(link, part)));
  return {};
}

}  // namespace hubdist::internal

// The LFS batch API (git-lfs/docs/api/batch.md), with the multipart transfer of huggingface_hub.
#include <ctime>

#include "server/internal/hub_api.h"
#include "server/internal/lfs_upload.h"

namespace hubdist::internal {

namespace {

constexpr std::size_t kMaxBatch = 1000;
constexpr std::uint64_t kMaxLfsFile = 2048 * kGiB;  // twice what Xet storage takes
constexpr std::uint64_t kMaxParts = 10'000;
constexpr std::uint64_t kMaxBatchLinks = 20'000;  // some 6 MB of answer
constexpr std::string_view kMediaType = "application/vnd.git-lfs+json";

struct LfsObject {
  Sha256 oid;
  std::uint64_t size = 0;
};

struct Batch {
  bool is_upload = false;
  bool multipart = false;  // the client knows it
  std::vector<LfsObject> objects;
};

Result<LfsObject> read_object(const JsonDocument& body, const simdjson::dom::object& object) {
  const auto oid = Sha256::parse(body.find<std::string_view>(object, "oid").value_or(""));
  const auto size = body.find<std::uint64_t>(object, "size");
  if (!oid.ok() || !size)
    return api_error(422, "", "An object of the batch lacks a sha256 'oid' or a 'size'");
  if (*size > kMaxLfsFile)
    return api_error(422, "",
                     concat("The object ", oid->hex(), " has ", *size,
                            " bytes: this hub takes files of at most ", kMaxLfsFile,
                            " bytes, so cut it into several"));
  return LfsObject{*oid, *size};
}

Result<Batch> read_batch(const JsonDocument& body) {
  Batch batch;
  const std::string operation = body.find_text(body.root(), "operation").value_or("");
  if (operation != "upload" && operation != "download")
    return api_error(422, "", "The batch's 'operation' is neither 'upload' nor 'download'");
  batch.is_upload = operation == "upload";
  if (body.find_text(body.root(), "hash_algo").value_or("sha256") != "sha256")
    return api_error(409, "", "This hub names LFS files by sha256 alone");
  const auto transfers = body.find<simdjson::dom::array>(body.root(), "transfers");
  if (transfers)
    for (const auto transfer : *transfers) {
      std::string_view text;
      const bool is_text = transfer.get(text) == simdjson::SUCCESS;
      batch.multipart = batch.multipart || (is_text && text == "multipart");
    }
  const auto objects = body.find<simdjson::dom::array>(body.root(), "objects");
  if (!objects || objects->size() > kMaxBatch)
    return api_error(413, "", concat("A batch has a list of at most ", kMaxBatch, " 'objects'"));
  for (const auto element : *objects) {
    simdjson::dom::object object;
    if (element.get(object) != simdjson::SUCCESS)
      return api_error(422, "", "An object of the batch is none");
    HUBDIST_ASSIGN(LfsObject read, read_object(body, object));
    batch.objects.push_back(read);
  }
  return batch;
}

void write_error(JsonWriter& json, int code, std::string_view text) {
  json.key("error").begin_object().field("code", code).field("message", text).end_object();
}

// Writes the answers to the objects of a batch.
class BatchWriter {
 public:
  BatchWriter(const LfsLinks& links, std::string_view origin, const OpenRepo& repo,
              std::uint64_t part_size, bool multipart)
      : links_(links), origin_(origin), repo_(repo), part_size_(part_size), multipart_(multipart) {}

  bool in_parts(const LfsObject& object) const { return multipart_ && object.size > part_size_; }

  // How many links the upload of an object takes.
  std::uint64_t links_of(const LfsObject& object) const {
    const std::uint64_t part = part_size_of(object);
    return 2 + (in_parts(object) ? (object.size + part - 1) / part : 0);
  }

  void write(JsonWriter& json, const LfsObject& object, bool is_upload,
             const std::optional<std::uint64_t>& proved) const {
    json.begin_object().field("oid", object.oid.hex()).field("size", object.size);
    json.field("authenticated", true);
    if (proved && *proved != object.size)
      write_error(json, 422, concat("This content has ", *proved, " bytes"));
    else if (!is_upload && !proved)
      write_error(json, 404, "This repository has no such content");
    else if (!is_upload)
      write_download(json, object);
    else if (!proved)
      write_upload(json, object);
    json.end_object();
  }

 private:
  std::uint64_t part_size_of(const LfsObject& object) const {
    return std::max(part_size_, (object.size + kMaxParts - 1) / kMaxParts);
  }

  std::string url(const LfsObject& object, LfsLink::Action action, std::uint64_t part_size = 0,
                  std::uint64_t part = 0) const {
    LfsLink link{action, repo_.storage(), object.oid, object.size, part_size, part, 0};
    return concat(origin_, links_.make(std::move(link), std::time(nullptr)));
  }

  void write_download(JsonWriter& json, const LfsObject& object) const {
    json.key("actions").begin_object().key("download").begin_object();
    json.field("href", url(object, LfsLink::Action::kDownload)).end_object().end_object();
  }

  void write_upload(JsonWriter& json, const LfsObject& object) const {
    const bool parts = in_parts(object);
    const std::uint64_t part_size = part_size_of(object);
    json.key("actions").begin_object().key("upload").begin_object();
    json.field("href", url(object, parts ? LfsLink::Action::kComplete : LfsLink::Action::kUpload,
                           parts ? part_size : 0));
    if (parts) write_parts(json.key("header"), object, part_size);
    // By a link as well: git-lfs takes "authenticated" for all that it is told to ask.
    json.end_object().key("verify").begin_object();
    json.field("href", url(object, LfsLink::Action::kVerify)).end_object();
    json.end_object();
  }

  void write_parts(JsonWriter& json, const LfsObject& object, std::uint64_t part_size) const {
    json.begin_object().field("chunk_size", std::to_string(part_size));
    for (std::uint64_t part = 1; (part - 1) * part_size < object.size; ++part)
      json.field(std::to_string(part), url(object, LfsLink::Action::kUploadPart, part_size, part));
    json.end_object();
  }

  const LfsLinks& links_;
  const std::string_view origin_;
  const OpenRepo& repo_;
  const std::uint64_t part_size_;
  const bool multipart_;
};

Status too_many_links() {
  return api_error(413, "",
                   concat("The uploads of this batch take more than ", kMaxBatchLinks,
                          " links: ask for fewer objects at once"));
}

HttpServerResponse lfs_response(std::string text) {
  HttpServerResponse response = json_response(std::move(text));
  response.headers.set("Content-Type", std::string(kMediaType));
  return response;
}

}  // namespace

HubApi::Answer HubApi::lfs_route(const ApiRequest& request, const LfsRoute& route) const {
  if (request.http.method != "POST") return wrong_method(request.http);
  HUBDIST_ASSIGN(const OpenRepo repo, open(route.type, route.repo, request.viewer));
  return route.verb == "batch" ? lfs_batch(request, repo) : lfs_verify(request, repo);
}

HubApi::Answer HubApi::lfs_batch(const ApiRequest& request, const OpenRepo& repo) const {
  HUBDIST_ASSIGN(const auto body, parse_body(request.http));
  HUBDIST_ASSIGN(const Batch batch, read_batch(*body));
  if (batch.is_upload)
    HUBDIST_TRY(check_may_write(request.viewer, repo.id.owner(), Role::kWrite,
                                concat("upload to ", repo.id.name)));
  else
    HUBDIST_TRY(check_file_access(repo, request.viewer));
  const BatchWriter writer(links_, request.origin, repo, options_.lfs_part, batch.multipart);
  bool in_parts = false;
  std::uint64_t links = 0;
  JsonWriter json;
  json.begin_object().key("objects").begin_array();
  for (const LfsObject& object : batch.objects) {
    HUBDIST_ASSIGN(const auto proved, repositories_.proved_size(repo.storage(), object.oid));
    if (batch.is_upload && !proved) {
      links += writer.links_of(object);
      if (links > kMaxBatchLinks) return too_many_links();
      in_parts = in_parts || writer.in_parts(object);
    }
    writer.write(json, object, batch.is_upload, proved);
  }
  json.end_array()
      .field("transfer", batch.is_upload && in_parts ? "multipart" : "basic")
      .field("hash_algo", "sha256");
  return lfs_response(json.end_object().take());
}

HubApi::Answer HubApi::lfs_verify(const ApiRequest& request, const OpenRepo& repo) const {
  HUBDIST_TRY(check_may_write(request.viewer, repo.id.owner(), Role::kWrite,
                              concat("upload to ", repo.id.name)));
  HUBDIST_ASSIGN(const auto body, parse_body(request.http));
  HUBDIST_ASSIGN(const LfsObject object, read_object(*body, body->root()));
  return lfs_verify(repo.storage(), object.oid, object.size);
}

HubApi::Answer HubApi::lfs_verify(const StorageId& repo, const Sha256& oid,
                                  std::uint64_t size) const {
  HUBDIST_ASSIGN(const auto proved, repositories_.proved_size(repo, oid));
  if (proved != size) return api_error(404, "", "This repository has not received such a content");
  HUBDIST_TRY(repositories_.store().settle(proof_key(repo, oid)));
  return lfs_response("{}");
}

HubApi::Answer HubApi::lfs_link_route(const HttpServerRequest& http) {
  HUBDIST_ASSIGN(const LfsLink link,
                 links_.read(http.method, http.path, http.query, std::time(nullptr)));
  if (link.action == LfsLink::Action::kComplete) {
    const auto pass = uploads_.enter();
    if (!pass) return too_busy("uploads");
    HUBDIST_TRY(join_parts(repositories_, link, http.stop));
    return lfs_response("{}");
  }
  if (link.action == LfsLink::Action::kVerify) return lfs_verify(link.storage, link.oid, link.size);
  if (link.action != LfsLink::Action::kDownload)
    return api_error(400, "", "This link takes a content by PUT");
  HUBDIST_ASSIGN(HttpServerResponse response, content_response(http, link.oid, link.oid.hex()));
  response.headers.set("Content-Type", "application/octet-stream");
  return response;
}

HubApi::Plan HubApi::plan_lfs_upload(const HttpServerRequest& http) {
  HUBDIST_ASSIGN(const LfsLink link,
                 links_.read(http.method, http.path, http.query, std::time(nullptr)));
  auto pass = uploads_.enter();
  if (!pass) return too_busy("uploads");
  HttpBodyPlan plan;
  plan.limit = link.upload_size();
  HUBDIST_ASSIGN(plan.sink, make_lfs_sink(repositories_, link, *std::move(pass)));
  return plan;
}

}  // namespace hubdist::internal

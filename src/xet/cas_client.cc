#include <algorithm>

#include <hubdist/io/url.h>
#include <hubdist/xet/cas_client.h>

namespace hubdist {
namespace {

// A token is not used in its last moments, in which a request may still be on its way.
constexpr std::chrono::seconds kBeforeExpiry{30};

constexpr std::uint64_t kManifestEntry = ChunkHash::kSize + 4;
constexpr std::uint64_t kMaxManifestOf = 256 * kGiB;
constexpr std::uint64_t kFewChunks = 1024;

bool has_http_status(const Status& status, std::string_view code) {
  return detail(status, Detail::kHttpStatus) == code;
}

bool is_refused(const Status& status) {
  return has_http_status(status, "401") || has_http_status(status, "403");
}

std::string range_field(ByteRange range) {
  return concat("bytes=", range.begin, "-", range.end - 1);
}

}  // namespace

CasClient::CasClient(std::shared_ptr<HttpClient> http, AskHub ask_hub, CasOptions options)
    : http_(std::move(http)), ask_hub_(std::move(ask_hub)), options_(options) {}

// The others wait while one asks: their stop requests are the same.
Result<XetAccess> CasClient::access(std::stop_token stop) {
  const std::lock_guard lock(mutex_);
  if (!access_ || system_clock().now() + kBeforeExpiry >= access_->expires) {
    access_.reset();
    HUBDIST_ASSIGN(access_, ask_hub_(std::move(stop)));
  }
  return *access_;
}

void CasClient::forget(const XetAccess& refused) {
  const std::lock_guard lock(mutex_);
  if (access_ && access_->token == refused.token) access_.reset();
}

Status CasClient::prepare(std::stop_token stop) {
  HUBDIST_ASSIGN(const XetAccess access, this->access(std::move(stop)));
  HUBDIST_ASSIGN(const HttpUrl url, parse_http_url(access.cas_url));
  if (url.scheme == "https" || url.is_loopback() || access.allow_insecure_token) return {};
  return failed_precondition(url.origin(),
                             ": the token for Xet storage is not sent over plain http to another "
                             "host, where anyone on the "
                             "way can read it (HUBDIST_ALLOW_INSECURE_TOKEN=1 allows it)");
}

Result<HttpReply> CasClient::ask(std::string_view path, std::optional<ByteRange> range,
                                 std::string_view what, std::uint64_t limit, std::stop_token stop) {
  Retrier retrier(options_.retry, stop);
  bool renewed = false;
  while (true) {
    HUBDIST_ASSIGN(const XetAccess access, this->access(stop));
    HttpRequest request;
    request.url = concat(access.cas_url, path);
    request.bearer = access.token;
    request.allow_insecure_credential = access.allow_insecure_token;
    request.accept_compressed = true;
    request.redirects = Redirects::kFollowSameOrigin;
    request.stall_timeout = options_.stall_timeout;
    if (range) request.headers.set("Range", range_field(*range));
    auto reply = http_->fetch(request, limit, stop);
    const Status status = reply.ok() ? status_of_http(*reply, what) : reply.status();
    if (status.ok()) return reply;
    if (is_refused(status) && !std::exchange(renewed, true)) {
      forget(access);
      continue;
    }
    HUBDIST_TRY(retrier.again(status));
  }
}

Result<Reconstruction> CasClient::reconstruct(const XetHash& file, std::optional<ByteRange> range,
                                              std::string_view name, std::stop_token stop) {
  const std::string what = concat("where the chunks of ", name, " are");
  const std::string path = concat("/reconstructions/", xet_hex(file));
  const bool asked_2 = !only_version_1_;
  auto reply =
      ask(concat(asked_2 ? "/v2" : "/v1", path), range, what, kMaxReconstructionSize, stop);
  if (asked_2 && (reply.status().code() == StatusCode::kNotFound ||
                  reply.status().code() == StatusCode::kUnimplemented)) {
    auto older = ask(concat("/v1", path), range, what, kMaxReconstructionSize, stop);
    if (older.ok()) only_version_1_ = true;
    reply = std::move(older);
  }
  HUBDIST_TRY(reply.status());
  auto answer = parse_reconstruction(reply->body);
  if (!answer.ok())
    return data_loss("the store's answer ", what, " cannot be true: ", message(answer.status()));
  return answer;
}

Result<Manifest> CasClient::manifest(const XetHash& file, std::uint64_t size, std::string_view name,
                                     std::stop_token stop) {
  if (size > kMaxManifestOf) return not_found(name, " is too large for a list of its chunks");
  const std::string what = concat("the chunks of ", name);
  // A chunk is at least kMinChunkSize long, but for the last one and some that old clients cut.
  const std::uint64_t limit = kManifestEntry * (2 * size / kMinChunkSize + kFewChunks);
  HUBDIST_ASSIGN(const HttpReply reply, ask(concat("/v1/manifests/", xet_hex(file)), std::nullopt,
                                            what, limit, std::move(stop)));
  Manifest manifest;
  manifest.file_hash = file;
  ByteReader reader(as_bytes(reply.body));
  while (reader.remaining() > 0) {
    Chunk chunk;
    HUBDIST_ASSIGN(const ByteView hash, reader.read_bytes(ChunkHash::kSize));
    std::copy(hash.begin(), hash.end(), chunk.hash.bytes.begin());
    HUBDIST_ASSIGN(chunk.size, reader.read<std::uint32_t>());
    manifest.chunks.push_back(chunk);
  }
  HUBDIST_TRY(with_context(check_manifest(manifest, file, size), what));
  return manifest;
}

Result<HttpRequest> CasClient::xorb_request(const std::string& text, ByteRange bytes) {
  HUBDIST_ASSIGN(const HttpUrl url, parse_http_url(text));
  if (url.scheme != "https" && !url.is_loopback()) {
    const std::lock_guard lock(mutex_);
    if (access_ && access_->cas_url.starts_with("https:"))
      return permission_denied(url.origin(),
                               ": the store has TLS, but sends its reader to a URL without");
  }
  HttpRequest request;
  request.url = text;
  request.headers.set("Range", range_field(bytes));
  request.stall_timeout = options_.stall_timeout;
  return request;
}

}  // namespace hubdist

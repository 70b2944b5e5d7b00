// Downloads by the CAS API: where a file's bytes are, and the bytes.
#include <ctime>

#include "server/internal/api_support.h"
#include "server/internal/cas_api.h"
#include "server/internal/manifest_stream.h"
#include <hubdist/io/http_range.h>

namespace hubdist::internal {

namespace {

constexpr std::size_t kMaxBatch = 1000;
// Terms of an answer: some 400 bytes of JSON each. A larger file is asked for in ranges.
constexpr std::uint64_t kMaxTerms = 100'000;

Status no_such_file() {
  return api_error(404, "", "This repository has no such file in Xet storage");
}

// The range that is asked for, of a content of `size` bytes; 416 when it begins behind it.
Result<std::optional<ByteRange>> wanted_range(const HttpServerRequest& http, std::uint64_t size) {
  const auto field = http.headers.get("Range");
  if (!field) return std::nullopt;
  const RangeRequest range = parse_range(*field, size);
  if (range.kind == RangeRequest::Kind::kUnsatisfiable)
    return api_error(416, "", concat("The file has ", size, " bytes"));
  if (range.kind == RangeRequest::Kind::kWhole) return std::nullopt;
  return std::optional<ByteRange>(range.range);
}

std::size_t terms_within(const XetFile& file, const std::optional<ByteRange>& wanted) {
  if (!wanted) return file.terms.size();
  std::size_t count = 0;
  std::uint64_t begin = 0;
  for (const Term& term : file.terms) {
    const std::uint64_t end = begin + term.raw_size;
    if (begin < wanted->end && end > wanted->begin) ++count;
    begin = end;
  }
  return count;
}

Status check_term_count(std::size_t count) {
  if (count <= kMaxTerms) return {};
  return api_error(413, "",
                   concat("The answer would have ", count, " terms, more than ", kMaxTerms,
                          ": ask for a smaller range of the file"));
}

HttpServerResponse xorb_response(std::unique_ptr<ObjectReader> xorb, ByteRange range) {
  HttpServerResponse response;
  response.status = 206;
  response.headers.add("Content-Type", "application/octet-stream");
  response.headers.add("Content-Range", content_range(range, xorb->size()));
  if (auto file = xorb->file()) {
    response.body = HttpFileBody{std::move(file), range.begin, range.size()};
    return response;
  }
  const std::shared_ptr<ObjectReader> reader = std::move(xorb);
  response.body = HttpStreamBody{
      range.size(), [reader, range](MutableBytes out) mutable -> Result<std::size_t> {
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), range.size()));
        HUBDIST_ASSIGN(const std::size_t read, reader->read(out.first(count), range.begin));
        range.begin += read;
        return read;
      }};
  return response;
}

}  // namespace

Result<std::shared_ptr<const XetFile>> CasApi::proved_file(const Repo& repo,
                                                           std::string_view text) const {
  const auto hash = parse_xet_hex<XetHash>(text);
  if (!hash.ok()) return api_error(400, "", "The id of the file is no Xet hash");
  const auto proved = proofs_.file(repo.storage(), *hash);
  if (proved.status().code() == StatusCode::kNotFound) return no_such_file();
  return proved;
}

// A URL for each range: clients would ask for several in one request, which no store serves well.
ReconstructionPlanner CasApi::planner(const Repo& repo, std::string_view origin) const {
  const std::int64_t now = std::time(nullptr);
  return ReconstructionPlanner(
      [this](const XorbHash& xorb) { return xet_.index(xorb); },
      [this, storage = repo.storage(), origin = std::string(origin), now](
          const XorbHash& xorb, std::span<const FetchRange> ranges) {
        return origin + links_.make({storage, xorb, ranges.front().bytes}, now);
      },
      1);
}

CasApi::Answer CasApi::reconstruction(const HttpServerRequest& http, const CasRoute& route,
                                      const Repo& repo, std::string_view origin) const {
  HUBDIST_ASSIGN(const auto file, proved_file(repo, route.hash));
  HUBDIST_ASSIGN(const auto wanted, wanted_range(http, file->size));
  HUBDIST_TRY(check_term_count(terms_within(*file, wanted)));
  HUBDIST_ASSIGN(const Reconstruction plan, planner(repo, origin).plan(file->terms, wanted));
  HttpServerResponse response = json_response(route.version == 1 ? write_reconstruction_v1(plan)
                                                                 : write_reconstruction_v2(plan));
  response.headers.add("Cache-Control", "no-store");
  return response;
}

CasApi::Answer CasApi::reconstructions(const HttpServerRequest& http, const Repo& repo,
                                       std::string_view origin) const {
  HUBDIST_ASSIGN(const HttpParameters query, parse_parameters(http.query));
  if (query.empty() || query.size() > kMaxBatch)
    return api_error(400, "", concat("Name 1 to ", kMaxBatch, " files by 'file_id'"));
  std::map<XetHash, std::vector<Term>> files;
  std::size_t terms = 0;
  for (const auto& [name, value] : query) {
    if (name != "file_id") continue;
    HUBDIST_ASSIGN(const auto file, proved_file(repo, value));
    if (!files.emplace(file->hash, file->terms).second) continue;
    terms += file->terms.size();
    HUBDIST_TRY(check_term_count(terms));
  }
  HUBDIST_ASSIGN(const BatchReconstruction plan, planner(repo, origin).plan_batch(files));
  HttpServerResponse response = json_response(write_batch_reconstruction(plan));
  response.headers.add("Cache-Control", "no-store");
  return response;
}

CasApi::Answer CasApi::file(const CasRoute& route, const Repo& repo) const {
  HUBDIST_ASSIGN(const auto file, proved_file(repo, route.hash));
  HttpServerResponse response;
  // The answer to HEAD, whose body is never read.
  response.body = HttpStreamBody{file->size, [](MutableBytes) { return std::size_t{0}; }};
  return response;
}

CasApi::Answer CasApi::manifest(const CasRoute& route, const Repo& repo) const {
  HUBDIST_ASSIGN(const auto file, proved_file(repo, route.hash));
  HttpServerResponse response;
  response.headers.add("Content-Type", "application/octet-stream");
  response.headers.add("ETag", concat('"', xet_hex(file->hash), '"'));
  response.body = manifest_body(xet_, file);
  return response;
}

CasApi::Answer CasApi::xorb_bytes(const HttpServerRequest& http) const {
  HUBDIST_ASSIGN(const XorbLink link,
                 links_.read(http.method, http.path, http.query, std::time(nullptr)));
  if (link.is_upload()) return api_error(400, "", "This link takes a xorb by PUT");
  const auto wanted = parse_range(http.headers.get("Range").value_or(""), link.bytes.end);
  if (wanted.kind != RangeRequest::Kind::kPart || wanted.range.begin < link.bytes.begin)
    return api_error(403, "",
                     concat("This link is for the bytes ", link.bytes.begin, " to ",
                            link.bytes.end - 1, ": ask for them by Range"));
  HUBDIST_ASSIGN(auto xorb, xet_.open_xorb(link.xorb));
  HttpServerResponse response = xorb_response(std::move(xorb), wanted.range);
  // Packed chunks are sent as they are stored.
  response.on_sent = [&traffic = traffic_](std::uint64_t bytes) {
    traffic.sent += bytes;
    traffic.read += bytes;
  };
  return response;
}

}  // namespace hubdist::internal

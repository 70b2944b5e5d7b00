#include "tests/support/fake_cas.h"

#include <algorithm>
#include <charconv>

#include <hubdist/core/xorb_builder.h>
#include <hubdist/io/http_range.h>

namespace hubdist::testing {
namespace {

constexpr std::uint64_t kLargestXorb = kMaxXorbPackedSize;

// The number behind `key` in a URL's query, or 0.
int number_in(const std::string& target, std::string_view key) {
  const std::size_t at = target.find(key);
  int value = 0;
  if (at != target.npos)
    std::from_chars(target.data() + at + key.size(), target.data() + target.size(), value);
  return value;
}

// Whether a URL is signed for all of `range`: "r=0-9,20-29".
bool is_signed_for(const std::string& target, ByteRange range) {
  const std::size_t at = target.find("r=");
  std::string_view rest = std::string_view(target).substr(at + 2);
  while (!rest.empty()) {
    std::uint64_t begin = 0;
    std::uint64_t last = 0;
    const auto dash = std::from_chars(rest.data(), rest.data() + rest.size(), begin).ptr;
    const auto end = std::from_chars(dash + 1, rest.data() + rest.size(), last).ptr;
    if (begin <= range.begin && range.end <= last + 1) return true;
    rest.remove_prefix(std::min(rest.size(), static_cast<std::size_t>(end - rest.data()) + 1));
  }
  return false;
}

}  // namespace

FaultScript xorb_part(ByteRange range, const std::string& bytes) {
  return answer(206, {{"Content-Range", content_range(range, kLargestXorb)}}, bytes);
}

FakeCas::FakeCas() {
  server_.on("*", [this](const SeenRequest& request, FaultConnection& connection) {
    respond(request)(request, connection);
  });
}

XetHash FakeCas::add(const std::string& content) {
  const std::lock_guard lock(mutex_);
  const Manifest manifest = make_manifest(as_bytes(content));
  XorbBuilder builder;
  const auto finish = [&] {
    if (builder.empty()) return;
    BuiltXorb built = *builder.finish();
    for (std::uint32_t i = 0; i < built.index.chunk_count(); ++i)
      chunks_[built.index.hashes[i]] = {built.index.hash, i};
    append_xorb_footer(built.bytes, built.index);
    xorbs_[built.index.hash] = std::string(as_text(built.bytes));
    indexes_[built.index.hash] = std::make_shared<const XorbIndex>(std::move(built.index));
  };
  std::uint64_t at = 0;
  for (const Chunk& chunk : manifest.chunks) {
    if (chunks_.try_emplace(chunk.hash).second)
      (void)builder.add(chunk.hash, as_bytes(content).subspan(at, chunk.size), scheme);
    at += chunk.size;
    if (builder.chunk_count() == chunks_per_xorb) finish();
  }
  finish();
  std::vector<Term> terms;
  for (const Chunk& chunk : manifest.chunks) {
    const Place place = chunks_.at(chunk.hash);
    if (terms.empty() || terms.back().xorb != place.xorb || terms.back().chunks.end != place.chunk)
      terms.push_back({place.xorb, {place.chunk, place.chunk}, 0});
    ++terms.back().chunks.end;
    terms.back().raw_size += chunk.size;
  }
  files_[manifest.file_hash] = std::move(terms);
  return manifest.file_hash;
}

std::vector<Term> FakeCas::terms_of(const XetHash& file) const {
  const std::lock_guard lock(mutex_);
  return files_.at(file);
}

std::size_t FakeCas::count(std::string_view path_prefix) const {
  const auto seen = server_.seen();
  return static_cast<std::size_t>(std::count_if(
      seen.begin(), seen.end(),
      [&](const SeenRequest& request) { return request.target.starts_with(path_prefix); }));
}

FaultScript FakeCas::respond(const SeenRequest& request) {
  const std::string path = request.path();
  if (path.starts_with("/xorb/")) return xorb(request);
  if (manifests && path.starts_with("/v1/manifests/")) return manifest(request);
  for (const int asked : {1, 2}) {
    const std::string prefix = concat("/v", asked, "/reconstructions/");
    if (!path.starts_with(prefix)) continue;
    const auto file = parse_xet_hex<XetHash>(path.substr(prefix.size()));
    return file.ok() ? reconstruct(request, asked, *file) : answer(400);
  }
  return answer(404);
}

FaultScript FakeCas::reconstruct(const SeenRequest& request, int asked, const XetHash& file) {
  if (request.headers.get("Authorization") != "Bearer " + token) return answer(401);
  const std::lock_guard lock(mutex_);
  const auto known = files_.find(file);
  if (asked > version || known == files_.end()) return answer(404);
  std::uint64_t size = 0;
  for (const Term& term : known->second) size += term.raw_size;
  std::optional<ByteRange> wanted;
  if (const auto field = request.headers.get("Range")) {
    const RangeRequest range = parse_range(*field, size);
    if (range.kind == RangeRequest::Kind::kUnsatisfiable) return answer(416);
    wanted = range.range;
  }
  ++generation_;
  const ReconstructionPlanner planner(
      [this](const XorbHash& xorb) -> Result<std::shared_ptr<const XorbIndex>> {
        return indexes_.at(xorb);
      },
      [this](const XorbHash& xorb, std::span<const FetchRange> ranges) {
        return url_of(xorb, ranges);
      },
      asked == 1 ? 1 : ranges_per_url);
  auto plan = planner.plan(known->second, wanted);
  if (!plan.ok()) return answer(500);
  if (const auto change = change_answer.get()) change(*plan);
  return answer(200, {{"Content-Type", "application/json"}},
                asked == 1 ? write_reconstruction_v1(*plan) : write_reconstruction_v2(*plan));
}

FaultScript FakeCas::manifest(const SeenRequest& request) {
  const std::string path = request.path();
  const auto file = parse_xet_hex<XetHash>(path.substr(path.rfind('/') + 1));
  const std::lock_guard lock(mutex_);
  Bytes body;
  for (const Term& term : files_.at(*file))
    for (std::uint32_t i = term.chunks.begin; i < term.chunks.end; ++i) {
      const Chunk chunk = indexes_.at(term.xorb)->chunk(i);
      append_bytes(body, chunk.hash.bytes);
      append_le(body, chunk.size);
    }
  return answer(200, {}, std::string(as_text(body)));
}

std::string FakeCas::url_of(const XorbHash& xorb, std::span<const FetchRange> ranges) {
  std::string text = concat("/xorb/", xet_hex(xorb), "?g=", generation_.load(), "&r=");
  for (const FetchRange& range : ranges)
    text += concat(text.ends_with('=') ? "" : ",", range.bytes.begin, "-", range.bytes.end - 1);
  return server_.url(text);
}

FaultScript FakeCas::xorb(const SeenRequest& request) {
  const auto name = parse_xet_hex<XorbHash>(request.path().substr(6));
  // No credential belongs here.
  if (!name.ok() || request.headers.get("Authorization")) return answer(400);
  const std::lock_guard lock(mutex_);
  const std::string& stored = xorbs_.at(*name);
  const RangeRequest range = parse_range(request.headers.get("Range").value_or(""), stored.size());
  if (range.kind != RangeRequest::Kind::kPart) return answer(400);
  if (number_in(request.target, "g=") <= valid_from_ || !is_signed_for(request.target, range.range))
    return answer(403);
  const std::string part = stored.substr(range.range.begin, range.range.size());
  if (const auto serve = serve_xorb.get())
    if (FaultScript script = serve(*name, range.range, part)) return script;
  xorb_bytes_ += part.size();
  return content_range ? xorb_part(range.range, part) : answer(206, {}, part);
}

}  // namespace hubdist::testing

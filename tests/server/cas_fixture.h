// A hub whose CAS API is spoken to by hand.
#pragma once

#include "tests/server/hub_fixture.h"
#include "tests/server/xet_files.h"
#include <hubdist/core/shard_builder.h>

namespace hubdist::testing {

// The text of a field of flat JSON; empty when it is missing.
inline std::string text_field(std::string_view json, std::string_view name) {
  const std::string mark = concat('"', name, R"(":")");
  const std::size_t at = json.find(mark);
  if (at == json.npos) return "";
  const std::size_t begin = at + mark.size();
  return std::string(json.substr(begin, json.find('"', begin) - begin));
}

// The shard that tells of a content and its xorbs.
inline ShardBuilder shard_of(const XetSample& sample, bool with_xorbs = true,
                             std::optional<Sha256> stated = std::nullopt) {
  ShardBuilder shard;
  FileRecord record{sample.file.hash, sample.file.terms, {}, stated ? stated : sample.file.sha256};
  for (const BuiltXorb& xorb : sample.xorbs) {
    record.range_hashes.push_back(range_hash(xorb.index.hashes));
    if (with_xorbs) REQUIRE(shard.add(make_record(xorb.index)).ok());
  }
  REQUIRE(shard.add(std::move(record)).ok());
  return shard;
}

struct CasFixture : HubFixture {
  // What a token route answers.
  struct Cas {
    std::string url;
    Secret token;
  };

  void begin() {
    start();
    create("m", ada);
  }
  void create_private(std::string_view name) {
    const HttpReply made =
        ask("POST", "/api/repos/create", concat(R"({"name":")", name, R"(","private":true})"));
    REQUIRE(made.status == 200);
  }
  void settings(std::string_view repo, std::string body) {
    REQUIRE(ask("PUT", concat("/api/models/", repo, "/settings"), std::move(body)).status == 200);
  }
  Cas cas(std::string_view repo, std::string_view kind = "write",
          std::optional<Secret> who = std::nullopt) {
    const HttpReply reply =
        ask("GET", concat("/api/models/", repo, "/xet-", kind, "-token/main"), "", std::move(who));
    REQUIRE_MESSAGE(reply.status == 200, reply.body);
    return {text_field(reply.body, "casUrl"), Secret(text_field(reply.body, "accessToken"))};
  }
  HttpReply call(const Cas& cas, std::string_view method, std::string_view path, ByteView body = {},
                 std::string_view range = {}) {
    HttpRequest request;
    request.method = method;
    request.url = path.starts_with("http") ? std::string(path) : concat(cas.url, path);
    request.body = std::string(as_text(body));
    request.bearer = cas.token;
    if (!range.empty()) request.headers.add("Range", concat("bytes=", range));
    auto reply = http.fetch(request);
    REQUIRE_MESSAGE(reply.ok(), message(reply.status()));
    return *std::move(reply);
  }
  HttpReply post_xorb(const Cas& cas, const BuiltXorb& xorb) {
    return call(cas, "POST", concat("/v1/xorbs/default/", xet_hex(xorb.index.hash)), xorb.bytes);
  }
  HttpReply post_shard(const Cas& cas, const ShardBuilder& shard) {
    const auto bytes = shard.upload_form();
    REQUIRE(bytes.ok());
    return call(cas, "POST", "/v1/shards", *bytes);
  }
  void upload(const Cas& cas, const XetSample& sample) {
    for (const BuiltXorb& xorb : sample.xorbs) REQUIRE(post_xorb(cas, xorb).status == 200);
    const HttpReply kept = post_shard(cas, shard_of(sample));
    REQUIRE_MESSAGE(kept.status == 200, kept.body);
  }
  static std::string file_path(const XetSample& sample, std::string_view version = "v1") {
    return concat('/', version, "/reconstructions/", xet_hex(sample.file.hash));
  }
};

}  // namespace hubdist::testing

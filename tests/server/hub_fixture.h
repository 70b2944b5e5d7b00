// A hub server in process, its file system ready to fail, and a client that says anything to it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/fault_file_system.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"
#include <hubdist/base/log.h>
#include <hubdist/core/hash.h>
#include <hubdist/io/http_client.h>
#include <hubdist/server/hub_server.h>

namespace hubdist::testing {

struct HubFixture {
  TempDir temp;
  FaultFileSystem fs;
  HubServerOptions options{.root = temp / "root"};
  std::unique_ptr<HubServer> server;
  HttpClient http;
  Secret ada;

  // `disk`: what the hub's folder lies on.
  explicit HubFixture(FileSystem& disk = posix_file_system(), const HttpClientOptions& client = {})
      : fs(disk), http(client) {
    options.file_system = &fs;
  }
  ~HubFixture() { set_log_sink({}); }
  HubFixture(const HubFixture&) = delete;
  HubFixture& operator=(const HubFixture&) = delete;

  void start() {
    auto started = HubServer::start(options);
    REQUIRE_MESSAGE(started.ok(), message(started.status()));
    server = *std::move(started);
    ada = token("ada");
  }
  Secret token(std::string_view user) {
    auto made = server->add_token(user, {.may_write = true});
    REQUIRE_MESSAGE(made.ok(), message(made.status()));
    return *std::move(made);
  }
  std::uint16_t port() const {
    const std::string address = server->address();
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }

  HttpReply ask(std::string_view method, std::string_view path, std::string body = "",
                std::optional<Secret> token = std::nullopt) {
    HttpRequest request;
    request.method = method;
    request.url =
        path.starts_with("http") ? std::string(path) : server->endpoint() + std::string(path);
    request.headers.add("Content-Type", "application/json");
    request.body = std::move(body);
    request.bearer = token ? *token : ada;
    auto reply = http.fetch(request);
    REQUIRE_MESSAGE(reply.ok(), message(reply.status()));
    return *std::move(reply);
  }
  void create(std::string_view name, const Secret& who) {
    const HttpReply made =
        ask("POST", "/api/repos/create", concat(R"({"name":")", name, "\"}"), who);
    REQUIRE_MESSAGE(made.status == 200, made.body);
  }
  HttpReply commit(std::string_view repo, std::string_view lines) {
    return ask("POST", concat("/api/models/", repo, "/commit/main"),
               concat(R"({"key":"header","value":{"summary":"s","description":""}})", '\n', lines));
  }
  // The id of a branch's commit.
  std::string head(std::string_view repo) {
    const HttpReply refs = ask("GET", concat("/api/models/", repo, "/refs"));
    const std::size_t at = refs.body.find("\"targetCommit\":\"");
    return refs.body.substr(at + 16, 40);
  }

  // The link of the first action of that name in a batch's answer; empty when there is none.
  std::string link(std::string_view repo, std::string_view content, std::string_view action) {
    const std::string_view operation = action == "verify" ? "upload" : action;
    const HttpReply batch =
        ask("POST", concat('/', repo, ".git/info/lfs/objects/batch"),
            concat(R"({"operation":")", operation, R"(","transfers":["basic"],"objects":[{"oid":")",
                   sha256(as_bytes(content)).hex(), R"(","size":)", content.size(), "}]}"));
    REQUIRE_MESSAGE(batch.status == 200, batch.body);
    const std::string mark = concat('"', action, R"(":{"href":")");
    const std::size_t at = batch.body.find(mark);
    if (at == std::string::npos) return "";
    const std::size_t begin = at + mark.size();
    return batch.body.substr(begin, batch.body.find('"', begin) - begin);
  }
  HttpReply put(std::string_view url, std::string_view body) {
    return ask("PUT", url, std::string(body), Secret());
  }

  // Files below a part of the hub's folder.
  std::size_t files(std::string_view below) const {
    std::size_t count = 0;
    const Path folder = temp / "root" / below;
    if (!std::filesystem::exists(folder)) return 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
      if (entry.is_regular_file()) ++count;
    return count;
  }
};

// A line of a commit.
inline std::string lfs_line(std::string_view path, std::string_view content) {
  return concat(R"({"key":"lfsFile","value":{"path":")", path, R"(","algo":"sha256","oid":")",
                sha256(as_bytes(content)).hex(), R"(","size":)", content.size(), "}}\n");
}
inline std::string file_line(std::string_view path, std::string_view text) {
  return concat(R"({"key":"file","value":{"path":")", path, R"(","encoding":"utf-8","content":")",
                text, "\"}}\n");
}

}  // namespace hubdist::testing

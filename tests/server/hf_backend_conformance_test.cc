// Our client of the hub's interface against our own hub: the backend's contract, end to end.
#include "tests/server/conformance_hub.h"
#include <hubdist/backend/hf_backend.h>

namespace hubdist {
namespace {

using namespace testing;

struct Fixture : ConformanceHub {
  std::shared_ptr<HfBackend> backend(Secret token = {}) {
    HfBackendOptions options;
    options.endpoint = server->endpoint();
    options.token = std::move(token);
    return make_hf_backend(std::make_shared<HttpClient>(), options);
  }
};

TEST_CASE_FIXTURE(Fixture, "conformance: hf:// against our own hub") {
  AddFolderOptions options;
  options.branch = "pr/1";
  const std::string commit = add(RepoType::kModel, "org/name", options);
  const auto reader = backend();
  for (const std::string& revision : {std::string("pr%2F1"), commit}) {
    const std::string root = "hf://org/name@" + revision;
    const auto at = [&](const std::string& path) {
      return must_parse_uri(root + "/" + percent_encode(path, "/"));
    };
    check_conformance({*reader, at, must_parse_uri(root)});
    CHECK(reader->resolve_revision(must_parse_uri(root), {}).value_or("") == commit);
  }
}

TEST_CASE_FIXTURE(Fixture, "conformance: a private data set, with its owner's token") {
  AddFolderOptions options;
  options.is_private = true;
  add(RepoType::kDataset, "ann/name", options);
  const auto token = server->add_token("ann");
  REQUIRE(token.ok());
  const auto owner = backend(*token);
  const auto at = [](const std::string& path) {
    return must_parse_uri("hf://datasets/ann/name@main/" + percent_encode(path, "/"));
  };
  check_conformance({*owner, at, must_parse_uri("hf://datasets/ann/name")});
}

TEST_CASE_FIXTURE(Fixture, "each refusal of our hub is one that our client names") {
  add(RepoType::kModel, "org/public");
  AddFolderOptions secret;
  secret.is_private = true;
  add(RepoType::kModel, "org/private", secret);
  AddFolderOptions gated;
  gated.gating = Gating::kAuto;
  add(RepoType::kModel, "org/gated", gated);
  const auto error = [&](const std::string& text, Secret token = {}) {
    const Status status = backend(std::move(token))->stat(must_parse_uri(text), {}).status();
    return concat(static_cast<int>(status.code()), " ",
                  detail(status, Detail::kHubError).value_or(""));
  };
  const auto expected = [](StatusCode code, std::string_view hub_error) {
    return concat(static_cast<int>(code), " ", hub_error);
  };
  CHECK(error("hf://org/none/one") == expected(StatusCode::kNotFound, "RepoNotFound"));
  CHECK(error("hf://org/private/one") == expected(StatusCode::kNotFound, "RepoNotFound"));
  CHECK(error("hf://org/public@none/one") == expected(StatusCode::kNotFound, "RevisionNotFound"));
  CHECK(error("hf://org/public/none") == expected(StatusCode::kNotFound, "EntryNotFound"));
  CHECK(error("hf://org/gated/one") == expected(StatusCode::kPermissionDenied, "GatedRepo"));
  CHECK(error("hf://org/public/one", Secret("wrong")) ==
        expected(StatusCode::kUnauthenticated, ""));
  const Status missing = backend()->stat(must_parse_uri("hf://org/public/none"), {}).status();
  CHECK(is_commit_id(detail(missing, Detail::kCommit).value_or("")));
}

}  // namespace
}  // namespace hubdist

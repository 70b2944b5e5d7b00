// Our client of ModelScope's interface against our own hub: the backend's contract, end to end.
#include "tests/server/conformance_hub.h"
#include <hubdist/backend/hf_backend.h>
#include <hubdist/backend/modelscope_backend.h>

namespace hubdist {
namespace {

using namespace testing;

struct Fixture : ConformanceHub {
  std::shared_ptr<Backend> backend(Secret token = {}) {
    ModelScopeBackendOptions options;
    options.endpoint = server->endpoint() + "/";
    options.token = std::move(token);
    return make_modelscope_backend(std::make_shared<HttpClient>(), options);
  }
};

TEST_CASE_FIXTURE(Fixture, "conformance: modelscope:// against our own hub") {
  AddFolderOptions options;
  options.branch = "pr/1";
  const std::string commit = add(RepoType::kModel, "org/name", options);
  const auto reader = backend();
  for (const std::string& revision : {std::string("pr%2F1"), commit}) {
    const std::string root = "modelscope://org/name@" + revision;
    const auto at = [&](const std::string& path) {
      return must_parse_uri(root + "/" + percent_encode(path, "/"));
    };
    check_conformance({*reader, at, must_parse_uri(root)});
    CHECK(reader->stat(at("one"), {})->commit == commit);
  }
}

TEST_CASE_FIXTURE(Fixture, "conformance: a private data set of ModelScope's, with a token") {
  AddFolderOptions options;
  options.is_private = true;
  add(RepoType::kDataset, "ann/name", options);
  const auto token = server->add_token("ann");
  REQUIRE(token.ok());
  const auto owner = backend(*token);
  const auto at = [](const std::string& path) {
    return must_parse_uri("modelscope://datasets/ann/name@master/" + percent_encode(path, "/"));
  };
  check_conformance({*owner, at, must_parse_uri("modelscope://datasets/ann/name")});
}

TEST_CASE_FIXTURE(Fixture, "master is the default branch, unless there is one of that name") {
  const std::string main = add(RepoType::kModel, "org/name");
  const auto file = must_parse_uri("modelscope://org/name/one");
  CHECK(backend()->stat(file, {})->commit == main);
  write("one", "another");
  AddFolderOptions options;
  options.branch = "master";
  const std::string master = add(RepoType::kModel, "org/name", options);
  CHECK(master != main);
  CHECK(backend()->stat(file, {})->commit == master);
  CHECK(backend()->stat(must_parse_uri("modelscope://org/name@main/one"), {})->commit == main);
}

TEST_CASE_FIXTURE(Fixture, "folders are listed, also those of a data set with many pages") {
  for (int i = 0; i < 450; ++i) write(concat("many/", i, ".txt"), concat(i));
  for (const RepoType type : {RepoType::kModel, RepoType::kDataset}) {
    add(type, "org/many");
    const std::string root = concat("modelscope://", plural(type), "/org/many");
    const auto all = list_snapshot(*backend(), must_parse_uri(root), {});
    REQUIRE_MESSAGE(all.ok(), message(all.status()));
    CHECK(all->files.size() == 450 + conformance_files().size());
    const auto part = list_snapshot(*backend(), must_parse_uri(root + "@main/many"), {});
    REQUIRE_MESSAGE(part.ok(), message(part.status()));
    CHECK(part->files.size() == 450);
    CHECK(backend()->stat(must_parse_uri(root + "@main/many/99.txt"), {})->size == 2);
    const Status none = list_snapshot(*backend(), must_parse_uri(root + "@main/none"), {}).status();
    CHECK(none.code() == StatusCode::kNotFound);
    CHECK(detail(none, Detail::kHubError) == "EntryNotFound");
  }
}

TEST_CASE_FIXTURE(Fixture, "each refusal of our hub is one that the modelscope backend names") {
  add(RepoType::kModel, "org/public");
  AddFolderOptions secret;
  secret.is_private = true;
  add(RepoType::kModel, "org/private", secret);
  AddFolderOptions gated;
  gated.gating = Gating::kAuto;
  add(RepoType::kModel, "org/gated", gated);
  const auto check = [&](const std::string& text, StatusCode code, std::string_view hub_error,
                         const Secret& token = {}) {
    CAPTURE(text);
    const auto drop = [](ByteView) -> Status { return {}; };
    const Status status =
        backend(token)->read(must_parse_uri("modelscope://" + text), {0, 1}, drop, {});
    CHECK(status.code() == code);
    CHECK(detail(status, Detail::kHubError).value_or("") == hub_error);
    CHECK(message(status).find("modelscope://") != std::string_view::npos);
  };
  const auto stranger = server->add_token("eve");
  REQUIRE(stranger.ok());
  for (const Secret& token : {Secret(), *stranger}) {
    check("org/none/one", StatusCode::kNotFound, "RepoNotFound", token);
    check("org/private/one", StatusCode::kNotFound, "RepoNotFound", token);
    check("org/gated/one", StatusCode::kPermissionDenied, "GatedRepo", token);
  }
  check("org/public@none/one", StatusCode::kNotFound, "RevisionNotFound");
  check("org/public/none", StatusCode::kNotFound, "EntryNotFound");
  check("org/public/one", StatusCode::kUnauthenticated, "", Secret("wrong"));
  const auto stat = [&](const std::string& text) {
    return backend()->stat(must_parse_uri("modelscope://" + text), {}).status();
  };
  CHECK(detail(stat("org/private/one"), Detail::kHubError) == "RepoNotFound");
  CHECK(detail(stat("org/public@none/one"), Detail::kHubError) == "RevisionNotFound");
  CHECK(detail(stat("org/public/none/none"), Detail::kHubError) == "EntryNotFound");
  CHECK(stat("alone@main/x").code() == StatusCode::kInvalidArgument);
  CHECK(stat("spaces/org/public/x").code() == StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace hubdist

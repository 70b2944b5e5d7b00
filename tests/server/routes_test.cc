#include "server/internal/routes.h"

#include <doctest/doctest.h>

namespace hubdist::internal {
namespace {

std::string show(const std::optional<RepoRoute>& route) {
  if (!route) return "none";
  return concat(name(route->type), '|', route->repo, '|', route->verb, '|', route->revision, '|',
                route->path);
}
std::string api(std::string_view path) { return show(parse_api_route(path)); }
std::string file(std::string_view path) { return show(parse_file_route(path)); }

TEST_CASE("API routes") {
  CHECK(api("/api/models/org/name") == "model|org/name|||");
  CHECK(api("/api/models/org/name/") == "model|org/name|||");
  CHECK(api("/api/models/gpt2") == "model|gpt2|||");
  CHECK(api("/api/datasets/org/name/revision/main") == "dataset|org/name|revision|main|");
  CHECK(api("/api/models/gpt2/revision/main") == "model|gpt2|revision|main|");
  CHECK(api("/api/models/o/n/tree/feature%2Fx/a%20b/c") == "model|o/n|tree|feature/x|a b/c");
  CHECK(api("/api/models/o/n/tree/main/a%2Fb%2Fc") == "model|o/n|tree|main|a/b/c");
  CHECK(api("/api/models/o/n/tree/refs/pr/1/x") == "model|o/n|tree|refs/pr/1|x");
  CHECK(api("/api/models/o/n/tree/refs%2Fpr%2F1/x") == "model|o/n|tree|refs/pr/1|x");
  CHECK(api("/api/models/o/n/refs") == "model|o/n|refs||");
  CHECK(api("/api/spaces/gpt2/refs") == "space|gpt2|refs||");
  for (const char* wrong : {"", "/", "/api", "/api/models", "/api/models/", "/api/other/o/n",
                            "/api/models/a/b/c", "/api/models/o/n/tree/%4", "/xapi/models/o/n"})
    CHECK_MESSAGE(api(wrong) == "none", wrong);
}

TEST_CASE("file routes") {
  CHECK(file("/org/name/resolve/main/a/b.txt") == "model|org/name|resolve|main|a/b.txt");
  CHECK(file("/gpt2/resolve/main/config.json") == "model|gpt2|resolve|main|config.json");
  CHECK(file("/datasets/o/n/resolve/refs%2Fconvert%2Fparquet/x") ==
        "dataset|o/n|resolve|refs/convert/parquet|x");
  CHECK(file("/spaces/o/n/raw/main/app.py") == "space|o/n|raw|main|app.py");
  CHECK(file("/o/n/resolve/main/%E6%96%87%20%2525") == "model|o/n|resolve|main|文 %25");
  CHECK(file("/o/n/resolve/main/../../x") == "model|o/n|resolve|main|../../x");
  CHECK(file("/o/n/resolve/main") == "model|o/n|resolve|main|");
  for (const char* wrong : {"", "/", "/x", "/o/n", "/o/n/blob/main/x", "/a/b/c/resolve/main/x",
                            "/resolve/main/x", "//resolve/main", "/o/n/resolve/main/%zz"})
    CHECK_MESSAGE(file(wrong).find("|resolve|main|x") == std::string::npos, wrong);
}

TEST_CASE("names that would make URLs ambiguous are no repositories") {
  for (const char* name :
       {"api/x", "models/x", "datasets/x", "spaces", "org/resolve", "org/tree", "refs", "a/b/c", "",
        "/a", "a/", "a//b", "-a/b", "a/b.git", "a..b/c", "a/b--c", "a/文", "a/b c"})
    CHECK_FALSE_MESSAGE(RepoId::parse(RepoType::kModel, name).ok(), name);
  for (const char* name : {"org/name", "gpt2", "a.b/c_d-e", "A/0"})
    CHECK_MESSAGE(RepoId::parse(RepoType::kModel, name).ok(), name);
  CHECK(RepoId::parse(RepoType::kDataset, "org/name")->key() == "datasets/org%2Fname");
}

}  // namespace
}  // namespace hubdist::internal

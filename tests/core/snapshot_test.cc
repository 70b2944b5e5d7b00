#include <doctest/doctest.h>

#include <hubdist/core/snapshot.h>

using namespace hubdist;

TEST_CASE("paths that stay inside their folder are accepted") {
  for (const std::string& path :
       {std::string("a"), std::string("a/b/c.json"), std::string("模型/权重 1.bin"),
        std::string(".gitattributes"), std::string("..."), std::string("a/..b"),
        std::string("a..b/c"), std::string(" "), std::string("-rf"), std::string(255, 'x'),
        std::string(255, 'x') + "/" + std::string(255, 'y')}) {
    CAPTURE(path);
    CHECK(check_relative_path(path).ok());
  }
}

TEST_CASE("paths that could leave their folder, or name no file, are refused") {
  std::string deep;
  while (deep.size() <= 4096) deep += "folder/";
  for (const std::string& path :
       {std::string(), std::string("/"), std::string("/etc/passwd"), std::string(".."),
        std::string("."), std::string("../x"), std::string("a/../../x"), std::string("a/.."),
        std::string("a/./b"), std::string("a//b"), std::string("a/"), std::string("a\0b", 3),
        std::string("a\\..\\b"), std::string("C:\\x"), std::string(256, 'x'), deep + "x"}) {
    CAPTURE(path);
    CHECK(check_relative_path(path).code() == StatusCode::kInvalidArgument);
  }
}

TEST_CASE("a refusal names the path and the reason, without control characters") {
  const Status status = check_relative_path("a\x1b[31m/../b");
  CHECK(message(status) ==
        "'a?[31m/../b' is refused as a file's path: a \".\" or \"..\" segment could leave the "
        "folder");
}

#include <doctest/doctest.h>

#include "tests/support/random.h"
#include <hubdist/core/uri.h>

using namespace hubdist;
using hubdist::testing::Random;

namespace {

Uri parsed(std::string_view text) {
  const auto uri = parse_uri(text);
  REQUIRE_MESSAGE(uri.ok(), text, ": ", message(uri.status()));
  return *uri;
}

// The canonical text of what `text` names.
std::string canonical(std::string_view text) { return format_uri(parsed(text)); }

std::string refusal(std::string_view text) {
  const auto uri = parse_uri(text);
  REQUIRE_MESSAGE(!uri.ok(), text);
  CHECK(uri.status().code() == StatusCode::kInvalidArgument);
  return std::string(message(uri.status()));
}

Uri hub(RepoType type, std::string repo, std::string revision = "", std::string path = "") {
  Uri uri;
  uri.scheme = Scheme::kHf;
  uri.scheme_text = "hf";
  uri.repo_type = type;
  uri.repo = std::move(repo);
  uri.revision = std::move(revision);
  uri.path = std::move(path);
  return uri;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("a hub's URI names type, repository, revision and path") {
  CHECK(parsed("hf://org/model") == hub(RepoType::kModel, "org/model"));
  CHECK(parsed("hf://gpt2") == hub(RepoType::kModel, "gpt2"));
  CHECK(parsed("hf://gpt2@main/config.json") ==
        hub(RepoType::kModel, "gpt2", "main", "config.json"));
  CHECK(parsed("hf://org/model/dir/a.bin") == hub(RepoType::kModel, "org/model", "", "dir/a.bin"));
  CHECK(parsed("hf://org/model@v1.0/dir/") == hub(RepoType::kModel, "org/model", "v1.0", "dir/"));
  CHECK(parsed("hf://datasets/squad") == hub(RepoType::kDataset, "squad"));
  CHECK(parsed("hf://datasets/org/data@main/x") ==
        hub(RepoType::kDataset, "org/data", "main", "x"));
  CHECK(parsed("hf://spaces/org/app") == hub(RepoType::kSpace, "org/app"));
  CHECK(parsed("hf://models/org/model") == hub(RepoType::kModel, "org/model"));
  CHECK(parsed("HF://org/model").scheme == Scheme::kHf);
  CHECK(parsed("modelscope://org/model").scheme == Scheme::kModelScope);
  CHECK(parsed("opencsg://org/model").scheme == Scheme::kOpenCsg);
}

TEST_CASE("'/' in a revision, '@' and '%' in a path are percent-encoded") {
  CHECK(parsed("hf://org/model@feature%2Fx/a%40b%25.txt") ==
        hub(RepoType::kModel, "org/model", "feature/x", "a@b%.txt"));
  CHECK(canonical("hf://org/model@feature%2fx/a%40b%25.txt") ==
        "hf://org/model@feature%2Fx/a%40b%25.txt");
  CHECK(canonical("hf://org/model/%E6%A8%A1型/a%20b.bin") == "hf://org/model/模型/a b.bin");
  CHECK(canonical("hf://org/model/a%0Ab%FF") == "hf://org/model/a%0Ab%FF");
  CHECK(canonical("hf://models/org/model/") == "hf://org/model");
  CHECK(canonical("hf://org/model/what?#x") == "hf://org/model/what?#x");
}

TEST_CASE("pull requests and conversions may keep their slashes, as the hub's tools write them") {
  CHECK(parsed("hf://org/model@refs/pr/12/a.txt") ==
        hub(RepoType::kModel, "org/model", "refs/pr/12", "a.txt"));
  CHECK(parsed("hf://datasets/org/d@refs/convert/parquet") ==
        hub(RepoType::kDataset, "org/d", "refs/convert/parquet"));
  CHECK(canonical("hf://org/model@refs/pr/12/a.txt") == "hf://org/model@refs%2Fpr%2F12/a.txt");
  CHECK(parsed("hf://org/model@refs/pr/x").revision == "refs");
  CHECK(parsed("hf://org/model@refs/pr/1x").revision == "refs");
  CHECK(parsed("hf://org/model@refs%2Fpr%2F1").revision == "refs/pr/1");
  // A branch with that name goes both ways.
  const Uri branch = hub(RepoType::kModel, "org/model", "refs", "pr/12");
  CHECK(parsed(format_uri(branch)) == branch);
}

TEST_CASE("a repository may be called like a type") {
  for (const char* const word : {"models", "datasets", "spaces"}) {
    const Uri uri = hub(RepoType::kModel, word);
    CHECK(parsed(format_uri(uri)) == uri);
  }
}

TEST_CASE("a one-word repository with a path is written with the default revision") {
  CHECK(format_uri(hub(RepoType::kModel, "gpt2", "", "config.json")) ==
        "hf://gpt2@main/config.json");
}

TEST_CASE("object stores have a bucket and a key") {
  for (const char* const scheme : {"s3", "gs", "abs", "oss", "obs", "cos"}) {
    const std::string text = concat(scheme, "://my-bucket.1/dir/a b@c%25.bin");
    const Uri uri = parsed(text);
    CHECK(uri.scheme_text == scheme);
    CHECK(uri.scheme != Scheme::kOther);
    CHECK(uri.authority == "my-bucket.1");
    CHECK(uri.path == "dir/a b@c%.bin");
    CHECK(format_uri(uri) == text);
  }
  CHECK(parsed("s3://bucket").path.empty());
  CHECK(canonical("s3://bucket/") == "s3://bucket");
  CHECK(parsed("s3://bucket//odd//key/").path == "/odd//key/");
  CHECK(canonical("s3://bucket//odd//key/") == "s3://bucket//odd//key/");
  CHECK(parsed("hdfs://namenode:9000/a/b").path == "a/b");
  CHECK(canonical("hdfs://namenode:9000/a/b") == "hdfs://namenode:9000/a/b");
  CHECK(canonical("hdfs://namenode") == "hdfs://namenode/");
}

TEST_CASE("web URLs stay as they are written, but for what may not stand in one") {
  const Uri uri = parsed("HTTPS://Example.COM:8443/a%2Fb/c@d?x=1&y=%20");
  CHECK(uri.scheme == Scheme::kHttps);
  CHECK(uri.authority == "example.com:8443");
  CHECK(uri.path == "/a%2Fb/c@d");
  CHECK(uri.query == "x=1&y=%20");
  CHECK(format_uri(uri) == "https://example.com:8443/a%2Fb/c@d?x=1&y=%20");
  CHECK(canonical("http://h") == "http://h/");
  CHECK(canonical("http://h?q") == "http://h/?q");
  CHECK(canonical("http://h/模 型") == "http://h/%E6%A8%A1%20%E5%9E%8B");
  CHECK(parsed("http://[::1]:80/x").authority == "[::1]:80");
  CHECK(parsed("http://[2001:DB8::1]/x").authority == "[2001:db8::1]");
}

TEST_CASE("files are absolute paths, with or without file://") {
  CHECK(parsed("/data/100%/a@b").path == "/data/100%/a@b");
  CHECK(canonical("/data/100%/a@b") == "file:///data/100%25/a@b");
  CHECK(parsed("file:///data/100%25/x%20y").path == "/data/100%/x y");
  CHECK(parsed("file://localhost/x").path == "/x");
  CHECK(parsed("/dir/").path == "/dir/");
  CHECK(parsed("/odd://name").path == "/odd://name");
}

TEST_CASE("an application's own scheme is kept for its backend") {
  const Uri uri = parsed("My-Store+v2://any thing!/a%25b");
  CHECK(uri.scheme == Scheme::kOther);
  CHECK(uri.scheme_text == "my-store+v2");
  CHECK(uri.authority == "any thing!");
  CHECK(uri.path == "a%b");
  CHECK(format_uri(uri) == "my-store+v2://any thing!/a%25b");
}

TEST_CASE("what is no URI is refused with a reason and a remedy") {
  CHECK(contains(refusal(""), "empty"));
  CHECK(contains(refusal("./x"), "absolute path"));
  CHECK(contains(refusal("org/model"), "'org/model'"));
  CHECK(contains(refusal("org/model"), "hf://owner/name"));
  CHECK(contains(refusal("hf:/org/model"), "no scheme"));
  CHECK(contains(refusal("1x://a/b"), "no scheme"));
  CHECK(contains(refusal("file://host/x"), "absolute path"));
  CHECK(contains(refusal("file://"), "absolute path"));
  CHECK(contains(refusal("hf://"), "names no repository"));
  CHECK(contains(refusal("hf:///x"), "names no repository"));
  CHECK(contains(refusal("hf://datasets"), "no repository"));
  CHECK(contains(refusal("hf://datasets/"), "no repository"));
  CHECK(contains(refusal("hf://org//x"), "names no repository"));
  CHECK(contains(refusal("hf://org/@main"), "'@' introduces a revision"));
  CHECK(contains(refusal("hf://org/model@"), "no revision"));
  CHECK(contains(refusal("hf://org/model@/x"), "no revision"));
  CHECK(contains(refusal("hf://org/model/a@b"), "%40"));
  CHECK(contains(refusal("hf://org/model@main/a@b"), "%40"));
  CHECK(contains(refusal("hf://org/model/@main"), "'@' introduces"));
  CHECK(contains(refusal("hf://org/model/50%"), "%25"));
  CHECK(contains(refusal("hf://org/model/a%00b"), "NUL"));
  CHECK(contains(refusal(std::string_view("hf://a\0b", 8)), "NUL"));
  CHECK(contains(refusal("hf://org/model/../x"), ".."));
  CHECK(contains(refusal("hf://org/model/a%2F..%2Fx"), ".."));
  CHECK(contains(refusal("hf://org/model//x"), "absolute"));
  CHECK(contains(refusal("hf://org/model/a//x"), "empty segment"));
  CHECK(contains(refusal("hf://org/model@..%2F..%2Fx"), "the revision"));
  CHECK(contains(refusal("hf://org/mo del"), "letters"));
  CHECK(contains(refusal("hf://org/mo%64el"), "letters"));
  CHECK(contains(refusal("hf://org/a--b"), "\"--\""));
  CHECK(contains(refusal("hf://-org/a"), "'-'"));
  CHECK(contains(refusal("hf://org/a.git"), ".git"));
  CHECK(contains(refusal(concat("hf://org/", std::string(97, 'x'))), "96"));
  CHECK(contains(refusal("modelscope://../x"), "letters"));
  CHECK(contains(refusal("s3://"), "names no host or bucket"));
  CHECK(contains(refusal("s3:///key"), "names no host or bucket"));
  CHECK(contains(refusal("s3://buc ket/key"), "letters"));
  CHECK(contains(refusal("http:///x"), "names no host"));
  CHECK(contains(refusal("http://h:0/x"), "port"));
  CHECK(contains(refusal("http://h:65536/x"), "port"));
  CHECK(contains(refusal("http://h:/x"), "port"));
  CHECK(contains(refusal("http://h:99999999999999999999/x"), "port"));
  CHECK(contains(refusal("http://[::1/x"), "']'"));
  CHECK(contains(refusal("http://[::1]x/x"), "']'"));
  CHECK(contains(refusal("http://h/a%zz"), "%25"));
  CHECK(contains(refusal("http://h/a#b"), "%23"));
  CHECK(contains(refusal("http://h/a\r\nHost: x"), "control"));
  CHECK(contains(refusal("http://模型/x"), "xn--"));
  CHECK(contains(refusal(concat("hf://org/", std::string(20'000, 'x'))), "16384"));
}

TEST_CASE("kinds of the hub that are not served are named") {
  CHECK(parse_uri("hf://buckets/org/x").status().code() == StatusCode::kUnimplemented);
  CHECK(parse_uri("hf://kernels/org/x/y").status().code() == StatusCode::kUnimplemented);
  CHECK(parsed("hf://kernels").repo == "kernels");
}

TEST_CASE("a name or password in a URL is refused and never repeated") {
  for (const char* const text :
       {"https://me:s3cret@host/x", "https://s3cret@host/x", "http://me:s3cret@[::1]/",
        "https://me:s3/cret@host/x", "s3://AKIA:s3cret@bucket/key", "s3://s3cret@bucket",
        "hdfs://s3cret@host/x", "hf://me:s3cret@host/org/model", "own://s3cret@host/x",
        "me:s3cret@host/x", "https:/me:s3cret@host/x", "https://me:s3cret@host#x",
        "https://me:s3#cret@host/", "hf://org/model@main/me:s3cret@x", "https://h/%zz?sig=s3cret",
        "https://h:x/?sig=s3cret"}) {
    CAPTURE(text);
    const std::string why = refusal(text);
    CHECK_FALSE(contains(why, "cret"));
  }
  CHECK(contains(refusal("https://me:s3cret@host/x"), "credentials never travel in URLs"));
}

TEST_CASE("types of repositories have two names") {
  for (const RepoType type : {RepoType::kModel, RepoType::kDataset, RepoType::kSpace}) {
    CHECK(*parse_repo_type(name(type)) == type);
    CHECK(*parse_repo_type(plural(type)) == type);
  }
  CHECK(parse_repo_type("modle").status().code() == StatusCode::kInvalidArgument);
}

namespace {

const std::vector<std::string> kPathParts = {"a",   "b.json", "模型", " ",    "%",  "@",    "?",
                                             "#",   "&",      ":",    "refs", "pr", "\xff", "\n",
                                             "..x", "=",      "é",    "1",    "-"};

std::string random_path(Random& random, std::size_t least) {
  std::string path;
  const std::size_t segments = least + random.index(4);
  for (std::size_t i = 0; i < segments; ++i) {
    if (i > 0) path += '/';
    path += 'x';
    for (std::size_t k = random.index(4); k > 0; --k) path += random.pick(kPathParts);
  }
  if (!path.empty() && random.chance(4)) path += '/';
  return path;
}

Uri random_hub(Random& random) {
  constexpr std::string_view kWord = "abcXYZ019_";
  Uri uri = hub(RepoType{static_cast<int>(random.below(3))}, random.text(kWord, 1, 8));
  const std::vector<std::string> schemes = {"hf", "modelscope", "opencsg"};
  const std::size_t scheme = random.index(3);
  uri.scheme_text = schemes[scheme];
  uri.scheme = std::vector{Scheme::kHf, Scheme::kModelScope, Scheme::kOpenCsg}[scheme];
  const std::vector<std::string> odd = {"models", "datasets", "spaces", "refs"};
  if (random.chance(6)) uri.repo = random.pick(odd);
  if (random.chance(2)) uri.repo = concat("o", uri.repo, "/", random.text(kWord, 1, 8));
  const bool one_word = uri.repo.find('/') == uri.repo.npos;
  if (random.chance(2)) uri.revision = random.chance(3) ? "refs" : random_path(random, 1);
  while (uri.revision.ends_with('/')) uri.revision.pop_back();
  if (!one_word || !uri.revision.empty())
    uri.path = random.chance(4) ? "pr/12/convert" : random_path(random, 0);
  return uri;
}

Uri random_location(Random& random) {
  struct Choice {
    const char* text;
    Scheme scheme;
  };
  const std::vector<Choice> schemes = {
      {"s3", Scheme::kS3},     {"gs", Scheme::kGs},      {"abs", Scheme::kAbs},
      {"oss", Scheme::kOss},   {"obs", Scheme::kObs},    {"cos", Scheme::kCos},
      {"hdfs", Scheme::kHdfs}, {"own", Scheme::kOther},  {"file", Scheme::kFile},
      {"http", Scheme::kHttp}, {"https", Scheme::kHttps}};
  const Choice choice = random.pick(schemes);
  Uri uri;
  uri.scheme = choice.scheme;
  uri.scheme_text = choice.text;
  if (uri.scheme != Scheme::kFile) uri.authority = random.text("abc019.-_", 1, 12);
  if (uri.scheme == Scheme::kHttp || uri.scheme == Scheme::kHttps) {
    if (random.chance(2)) uri.authority += concat(":", 1 + random.below(65535));
    uri.path = concat("/", random.text("ab/.@:&=+-~,;", 0, 20));
    if (random.chance(3)) uri.path += "%2F%25";
    if (random.chance(2)) uri.query = random.text("abc=&/?:@", 1, 12);
  } else {
    uri.path = concat(uri.scheme == Scheme::kFile ? "/" : "", random_path(random, 0));
  }
  return uri;
}

}  // namespace

TEST_CASE("every URI can be written and read again, and the text is canonical") {
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    Random random(seed);
    const Uri uri = random.chance(2) ? random_hub(random) : random_location(random);
    const std::string text = format_uri(uri);
    const auto again = parse_uri(text);
    REQUIRE_MESSAGE(again.ok(), text, ": ", message(again.status()));
    REQUIRE_MESSAGE(*again == uri, text);
    REQUIRE(format_uri(*again) == text);
  }
}

TEST_CASE("whatever random text parses can be written and read again") {
  const std::vector<std::string> parts = {"hf://",
                                          "s3://",
                                          "http://",
                                          "file://",
                                          "own://",
                                          "org",
                                          "/",
                                          "//",
                                          "@",
                                          "refs/pr/1",
                                          "refs/convert/p",
                                          "%2F",
                                          "%40",
                                          "%25",
                                          "%",
                                          "?",
                                          "#",
                                          ":",
                                          "a",
                                          "模",
                                          "..",
                                          "datasets/",
                                          "models/",
                                          "refs",
                                          "pr/1",
                                          "\xff",
                                          " ",
                                          "[::1]",
                                          ":80"};
  std::size_t accepted = 0;
  for (std::uint64_t seed = 0; seed < 60'000; ++seed) {
    Random random(seed);
    std::string text = parts[random.index(5)];
    for (std::size_t i = random.index(9); i > 0; --i) text += random.pick(parts);
    const auto uri = parse_uri(text);
    if (!uri.ok()) continue;
    ++accepted;
    const auto again = parse_uri(format_uri(*uri));
    REQUIRE_MESSAGE(again.ok(), text, " -> ", format_uri(*uri));
    REQUIRE_MESSAGE(*again == *uri, text, " -> ", format_uri(*uri));
  }
  CHECK(accepted > 3000);
}

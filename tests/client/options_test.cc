#include <cstdlib>
#include <map>

#include <doctest/doctest.h>

#include "tests/support/temp_dir.h"
#include <hubdist/client/client.h>

using namespace hubdist;
using hubdist::testing::TempDir;

namespace {

// An environment with these variables and none other that concerns us; restored at the end.
class Environment {
 public:
  explicit Environment(std::map<std::string, std::string> variables) {
    for (const char* name : {"HF_ENDPOINT",
                             "HF_TOKEN",
                             "HUGGING_FACE_HUB_TOKEN",
                             "HF_TOKEN_PATH",
                             "HF_HOME",
                             "HF_HUB_CACHE",
                             "HUGGINGFACE_HUB_CACHE",
                             "HF_HUB_OFFLINE",
                             "TRANSFORMERS_OFFLINE",
                             "HF_HUB_ETAG_TIMEOUT",
                             "HF_HUB_DOWNLOAD_TIMEOUT",
                             "HF_HUB_DISABLE_IMPLICIT_TOKEN",
                             "HF_HUB_DISABLE_SYMLINKS",
                             "HF_HUB_DISABLE_SHARED_BLOBS",
                             "HF_HUB_DISABLE_XET",
                             "HUBDIST_TRACKER",
                             "HUBDIST_ZONE",
                             "HUBDIST_HOME",
                             "HUBDIST_ALLOW_INSECURE_TOKEN",
                             "XDG_CACHE_HOME",
                             "XDG_STATE_HOME",
                             "MODELSCOPE_ENDPOINT",
                             "MODELSCOPE_DOMAIN",
                             "MODELSCOPE_API_TOKEN",
                             "MODELSCOPE_CACHE",
                             "HOME",
                             "MY_DISK"}) {
      const char* value = std::getenv(name);
      before_[name] = value ? std::optional<std::string>(value) : std::nullopt;
      ::unsetenv(name);
    }
    ::setenv("HOME", "/home/ada", 1);
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const auto& [name, value] : before_)
      value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
  }

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

ClientOptions options_of(std::map<std::string, std::string> variables) {
  const Environment environment(std::move(variables));
  auto options = ClientOptions::from_environment();
  REQUIRE_MESSAGE(options.ok(), options.status().ToString());
  return *std::move(options);
}

}  // namespace

TEST_CASE("an empty environment means the Hub, the usual cache and no token") {
  const ClientOptions options = options_of({});
  CHECK(options.endpoint == "https://huggingface.co");
  CHECK(options.cache_dir == "/home/ada/.cache/huggingface/hub");
  CHECK(options.home == "/home/ada/.local/state/hubdist");
  CHECK(options.token.empty());
  CHECK(options.tracker == "off");
  CHECK_FALSE(options.offline);
  CHECK_FALSE(options.allow_insecure_token);
  CHECK(options.symlinks);
  CHECK(options.shared_blobs);
  CHECK(options.xet);
  CHECK(options.metadata_timeout == std::chrono::seconds(10));
  CHECK(options.stall_timeout == std::chrono::seconds(30));
}

TEST_CASE("folders: the nearest variable wins, ~ and $NAME are expanded") {
  CHECK(options_of({{"XDG_CACHE_HOME", "/x"}}).cache_dir == "/x/huggingface/hub");
  CHECK(options_of({{"XDG_CACHE_HOME", "/x"}, {"HF_HOME", "/h"}}).cache_dir == "/h/hub");
  CHECK(options_of({{"HF_HOME", "/h"}, {"HUGGINGFACE_HUB_CACHE", "/old"}}).cache_dir == "/old");
  CHECK(options_of({{"HUGGINGFACE_HUB_CACHE", "/old"}, {"HF_HUB_CACHE", "/new"}}).cache_dir ==
        "/new");
  CHECK(options_of({{"HF_HOME", "~/hf"}}).cache_dir == "/home/ada/hf/hub");
  CHECK(options_of({{"HF_HUB_CACHE", "$MY_DISK/a/${MY_DISK}b$MISSING$"}, {"MY_DISK", "/d"}})
            .cache_dir == "/d/a//db$MISSING$");
  CHECK(options_of({{"XDG_STATE_HOME", "/s"}}).home == "/s/hubdist");
  CHECK(options_of({{"XDG_STATE_HOME", "/s"}, {"HUBDIST_HOME", "/mine"}}).home == "/mine");
}

TEST_CASE("the token comes from the environment, then from its file, unless that is switched off") {
  TempDir dir;
  auto& fs = posix_file_system();
  REQUIRE(write_file_atomic(fs, dir / "token", as_bytes("hf_file\n")).ok());
  REQUIRE(write_file_atomic(fs, dir / "other", as_bytes("  hf_other \r\n")).ok());
  const std::string home = dir.path().native();
  CHECK(options_of({{"HF_HOME", home}}).token.reveal() == "hf_file");
  CHECK(options_of({{"HF_HOME", home}, {"HF_TOKEN", " hf_env\n"}}).token.reveal() == "hf_env");
  CHECK(options_of({{"HUGGING_FACE_HUB_TOKEN", "hf_old"}}).token.reveal() == "hf_old");
  CHECK(options_of({{"HF_HOME", home}, {"HF_TOKEN_PATH", home + "/other"}}).token.reveal() ==
        "hf_other");
  CHECK(options_of({{"HF_TOKEN", "hf_env"}, {"HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"}}).token.empty());
}

TEST_CASE("ModelScope's variables mean what they mean to its client") {
  const ClientOptions usual = options_of({});
  CHECK(usual.modelscope_endpoint == "https://modelscope.cn");
  CHECK(usual.modelscope_token.empty());
  CHECK(usual.modelscope_cache == "/home/ada/.cache/modelscope");
  const ClientOptions set = options_of({{"MODELSCOPE_ENDPOINT", "http://hub:1/ "},
                                        {"MODELSCOPE_DOMAIN", "other"},
                                        {"MODELSCOPE_API_TOKEN", " ms\n"},
                                        {"MODELSCOPE_CACHE", "~/ms"},
                                        {"HF_TOKEN", "hf"}});
  CHECK(set.modelscope_endpoint == "http://hub:1");
  CHECK(set.modelscope_token.reveal() == "ms");
  CHECK(set.token.reveal() == "hf");
  CHECK(set.modelscope_cache == "/home/ada/ms");
  CHECK(options_of({{"MODELSCOPE_DOMAIN", "modelscope.ai"}}).modelscope_endpoint ==
        "https://modelscope.ai");
}

TEST_CASE("switches and numbers as huggingface_hub reads them") {
  CHECK(options_of({{"HF_ENDPOINT", "http://hub:8080/"}}).endpoint == "http://hub:8080");
  for (const char* on : {"1", "on", "Yes", "TRUE"}) {
    CHECK(options_of({{"HF_HUB_OFFLINE", on}}).offline);
    CHECK_FALSE(options_of({{"HF_HUB_DISABLE_SYMLINKS", on}}).symlinks);
    CHECK(options_of({{"HUBDIST_ALLOW_INSECURE_TOKEN", on}}).allow_insecure_token);
  }
  for (const char* off : {"0", "no", "2", ""})
    CHECK_FALSE(options_of({{"HF_HUB_OFFLINE", off}}).offline);
  CHECK(options_of({{"TRANSFORMERS_OFFLINE", "1"}}).offline);
  CHECK_FALSE(options_of({{"TRANSFORMERS_OFFLINE", "1"}, {"HF_HUB_OFFLINE", "0"}}).offline);
  CHECK_FALSE(options_of({{"HF_HUB_DISABLE_SHARED_BLOBS", "1"}}).shared_blobs);
  CHECK_FALSE(options_of({{"HF_HUB_DISABLE_XET", "1"}}).xet);
  CHECK(options_of({{"HF_HUB_ETAG_TIMEOUT", "3"}}).metadata_timeout == std::chrono::seconds(3));
  CHECK(options_of({{"HF_HUB_DOWNLOAD_TIMEOUT", "60"}}).stall_timeout == std::chrono::seconds(60));
  CHECK(options_of({{"HUBDIST_TRACKER", "auto"}, {"HUBDIST_ZONE", "rack1"}}).zone == "rack1");
  using Variables = std::map<std::string, std::string>;
  const Environment environment(Variables{{"HF_HUB_ETAG_TIMEOUT", "soon"}});
  const auto wrong = ClientOptions::from_environment();
  CHECK(wrong.status().code() == StatusCode::kInvalidArgument);
  CHECK(message(wrong.status()).find("HF_HUB_ETAG_TIMEOUT=soon") != std::string_view::npos);
}

TEST_CASE("a client refuses a tracker that it cannot understand") {
  TempDir dir;
  ClientOptions options;
  options.cache_dir = dir.path();
  for (const char* good : {"", "off", "auto", "127.0.0.1:80", "localhost:65535"}) {
    options.tracker = good;
    CHECK_MESSAGE(Client::create(options).ok(), good);
  }
  for (const char* bad : {"on", "host", "host:", ":1", "host:0", "host:70000", "host:1x"}) {
    options.tracker = bad;
    CHECK_MESSAGE(Client::create(options).status().code() == StatusCode::kInvalidArgument, bad);
  }
  options.tracker = "off";
  options.cache_dir.clear();
  CHECK(Client::create(options).status().code() == StatusCode::kInvalidArgument);
}

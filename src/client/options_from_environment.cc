#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <pwd.h>
#include <unistd.h>

#include <hubdist/backend/modelscope_backend.h>
#include <hubdist/client/client.h>

namespace hubdist {
namespace {

constexpr std::uint64_t kMaxTokenSize = 64 * kKiB;
constexpr std::uint32_t kMaxSeconds = 24 * 60 * 60;

// Empty when unset: huggingface_hub makes no difference either.
std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string first_of(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (std::string value = variable(name); !value.empty()) return value;
  return {};
}

bool is_true(std::string value) {
  std::transform(value.begin(), value.end(), value.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

std::string home_folder() {
  if (std::string home = variable("HOME"); !home.empty()) return home;
  const passwd* user = ::getpwuid(::getuid());
  return user && user->pw_dir ? user->pw_dir : "/";
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// "~/x", "$NAME/x" and "${NAME}/x" as Python's expanduser and expandvars read them; what is not set
// stays as it is written.
Path expand(const std::string& text) {
  std::string out;
  std::string_view rest = text;
  if (rest == "~" || rest.starts_with("~/")) {
    out = home_folder();
    rest.remove_prefix(1);
  }
  while (!rest.empty()) {
    if (rest.front() != '$') {
      out += rest.front();
      rest.remove_prefix(1);
      continue;
    }
    const bool braces = rest.starts_with("${");
    const std::size_t begin = braces ? 2 : 1;
    std::size_t end = begin;
    while (end < rest.size() && is_name_character(rest[end])) ++end;
    const bool closed = !braces || (end < rest.size() && rest[end] == '}');
    const std::string name(rest.substr(begin, end - begin));
    const std::size_t length = closed && !name.empty() ? end + (braces ? 1 : 0) : 1;
    const char* value = length > 1 ? std::getenv(name.c_str()) : nullptr;
    out += value ? std::string_view(value) : rest.substr(0, length);
    rest.remove_prefix(length);
  }
  return out;
}

Result<std::uint32_t> seconds_variable(const char* name, std::uint32_t fallback) {
  const std::string text = variable(name);
  if (text.empty()) return fallback;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > kMaxSeconds)
    return invalid_argument(name, "=", text, ": write whole seconds, at most ", kMaxSeconds);
  return value == 0 ? fallback : value;
}

std::string trimmed(std::string text) {
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_space(text.back())) text.pop_back();
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), is_space));
  return text;
}

Secret find_token(const Path& hf_home) {
  if (is_true(variable("HF_HUB_DISABLE_IMPLICIT_TOKEN"))) return {};
  if (std::string token = trimmed(first_of({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"})); !token.empty())
    return Secret(std::move(token));
  const std::string path = variable("HF_TOKEN_PATH");
  auto token = read_file(posix_file_system(), path.empty() ? hf_home / "token" : expand(path),
                         kMaxTokenSize);
  return token.ok() ? Secret(trimmed(*std::move(token))) : Secret();
}

Path folder(const char* name, const Path& fallback) {
  const std::string text = variable(name);
  return text.empty() ? fallback : expand(text);
}

// A name alone, as in modelscope.cn, means https.
std::string find_modelscope() {
  std::string endpoint = trimmed(first_of({"MODELSCOPE_ENDPOINT", "MODELSCOPE_DOMAIN"}));
  while (endpoint.ends_with('/')) endpoint.pop_back();
  if (endpoint.empty()) return std::string(kModelScopeEndpoint);
  return endpoint.find("://") == endpoint.npos ? "https://" + endpoint : endpoint;
}

}  // namespace

Result<ClientOptions> ClientOptions::from_environment() {
  ClientOptions options;
  const Path home = home_folder();
  const Path hf_home = folder("HF_HOME", folder("XDG_CACHE_HOME", home / ".cache") / "huggingface");
  if (std::string endpoint = variable("HF_ENDPOINT"); !endpoint.empty()) {
    while (endpoint.ends_with('/')) endpoint.pop_back();
    options.endpoint = std::move(endpoint);
  }
  options.token = find_token(hf_home);
  options.modelscope_endpoint = find_modelscope();
  options.modelscope_token = Secret(trimmed(variable("MODELSCOPE_API_TOKEN")));
  options.modelscope_cache = folder("MODELSCOPE_CACHE", home / ".cache" / "modelscope");
  const std::string cache = first_of({"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"});
  options.cache_dir = cache.empty() ? hf_home / "hub" : expand(cache);
  options.home =
      folder("HUBDIST_HOME", folder("XDG_STATE_HOME", home / ".local" / "state") / "hubdist");
  options.offline = is_true(first_of({"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}));
  options.symlinks = !is_true(variable("HF_HUB_DISABLE_SYMLINKS"));
  options.xet = !is_true(variable("HF_HUB_DISABLE_XET"));
  options.shared_blobs = !is_true(variable("HF_HUB_DISABLE_SHARED_BLOBS"));
  HUBDIST_ASSIGN(const std::uint32_t metadata_seconds, seconds_variable("HF_HUB_ETAG_TIMEOUT", 10));
  options.metadata_timeout = std::chrono::seconds(metadata_seconds);
  HUBDIST_ASSIGN(const std::uint32_t stall_seconds,
                 seconds_variable("HF_HUB_DOWNLOAD_TIMEOUT", 30));
  options.stall_timeout = std::chrono::seconds(stall_seconds);
  if (std::string tracker = variable("HUBDIST_TRACKER"); !tracker.empty())
    options.tracker = std::move(tracker);
  options.zone = variable("HUBDIST_ZONE");
  options.allow_insecure_token = is_true(variable("HUBDIST_ALLOW_INSECURE_TOKEN"));
  return options;
}

}  // namespace hubdist

#include <algorithm>
#include <utility>

#include <hubdist/backend/registry.h>

namespace hubdist {
namespace {

bool is_scheme(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && letter(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

}  // namespace

Status BackendRegistry::add(std::string scheme, std::shared_ptr<Backend> backend) {
  if (!is_scheme(scheme))
    return invalid_argument(
        "'", scheme,
        "' is no URL scheme: it needs a letter first, then letters, digits, '+', "
        "'-' or '.', without \"://\"");
  if (!backend) return invalid_argument("the backend for ", scheme, ":// is null");
  std::transform(scheme.begin(), scheme.end(), scheme.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const std::lock_guard lock(mutex_);
  backends_[std::move(scheme)] = std::move(backend);
  return {};
}

Result<std::shared_ptr<Backend>> BackendRegistry::find(const Uri& uri) const {
  const std::lock_guard lock(mutex_);
  const auto found = backends_.find(uri.scheme_text);
  if (found != backends_.end()) return found->second;
  std::string known;
  for (const auto& [scheme, backend] : backends_)
    known += (known.empty() ? "" : ", ") + scheme + "://";
  return unimplemented("no backend speaks ", uri.scheme_text, "://; this build knows ", known,
                       ", and an application can add its own");
}

}  // namespace hubdist

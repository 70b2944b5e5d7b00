#include <array>
#include <cerrno>
#include <system_error>

#include <absl/strings/cord.h>

#include <hubdist/base/status.h>

namespace hubdist {
namespace {

absl::string_view payload_url(Detail key) {
  static constexpr std::array<const char*, 6> kUrls = {
      "hubdist/hub-error", "hubdist/http-status", "hubdist/retry-after",
      "hubdist/errno",     "hubdist/commit",      "hubdist/snapshot-path"};
  return kUrls[static_cast<std::size_t>(key)];
}

StatusCode code_of_errno(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return StatusCode::kNotFound;
    case EEXIST:
      return StatusCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return StatusCode::kPermissionDenied;
    case EINVAL:
    case ENAMETOOLONG:
    case EISDIR:
      return StatusCode::kInvalidArgument;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return StatusCode::kFailedPrecondition;  // waiting does not make room
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return StatusCode::kResourceExhausted;
    case EAGAIN:
    case EINTR:
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case ETIMEDOUT:
      return StatusCode::kUnavailable;
    default:
      return StatusCode::kUnknown;
  }
}

}  // namespace

Status with_detail(Status status, Detail key, std::string_view value) {
  status.SetPayload(payload_url(key), absl::Cord(absl::string_view(value.data(), value.size())));
  return status;
}

std::optional<std::string> detail(const Status& status, Detail key) {
  const auto payload = status.GetPayload(payload_url(key));
  if (!payload) return std::nullopt;
  return std::string(*payload);
}

Status with_context(const Status& status, std::string_view context) {
  if (status.ok()) return status;
  Status out(status.code(), concat(context, ": ", message(status)));
  status.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& payload) { out.SetPayload(url, payload); });
  return out;
}

Status errno_status(int error, std::string_view what, std::string_view path) {
  const std::string reason = std::generic_category().message(error);
  return with_detail(make_status(code_of_errno(error), what, ' ', path, ": ", reason),
                     Detail::kErrno, std::to_string(error));
}

}  // namespace hubdist

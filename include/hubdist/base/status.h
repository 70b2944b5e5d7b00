// Status and Result: how every function of hubdist says that it failed.
//
// No exception crosses the C++ interface. A code says who may try again:
//   Unavailable, ResourceExhausted  the same call, later (RetryPolicy does)
//   Aborted                         one level up, from the beginning
//   DataLoss                        a hash did not match; other bytes may be right
//   every other code                nobody: the same call will fail again
// Messages name the thing, the cause and, where there is one, the remedy. They never hold a secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <hubdist/base/strings.h>

namespace hubdist {

using Status = absl::Status;
using StatusCode = absl::StatusCode;
template <typename T>
using Result = absl::StatusOr<T>;

// A Status from a code and the parts of its message: text and integers, in order.
template <typename... Parts>
Status make_status(StatusCode code, const Parts&... parts) {
  return Status(code, concat(parts...));
}

template <typename... Parts>
Status invalid_argument(const Parts&... p) {
  return make_status(StatusCode::kInvalidArgument, p...);
}
template <typename... Parts>
Status not_found(const Parts&... p) {
  return make_status(StatusCode::kNotFound, p...);
}
template <typename... Parts>
Status already_exists(const Parts&... p) {
  return make_status(StatusCode::kAlreadyExists, p...);
}
template <typename... Parts>
Status permission_denied(const Parts&... p) {
  return make_status(StatusCode::kPermissionDenied, p...);
}
template <typename... Parts>
Status unauthenticated(const Parts&... p) {
  return make_status(StatusCode::kUnauthenticated, p...);
}
template <typename... Parts>
Status resource_exhausted(const Parts&... p) {
  return make_status(StatusCode::kResourceExhausted, p...);
}
template <typename... Parts>
Status failed_precondition(const Parts&... p) {
  return make_status(StatusCode::kFailedPrecondition, p...);
}
template <typename... Parts>
Status out_of_range(const Parts&... p) {
  return make_status(StatusCode::kOutOfRange, p...);
}
template <typename... Parts>
Status unimplemented(const Parts&... p) {
  return make_status(StatusCode::kUnimplemented, p...);
}
template <typename... Parts>
Status unavailable(const Parts&... p) {
  return make_status(StatusCode::kUnavailable, p...);
}
template <typename... Parts>
Status deadline_exceeded(const Parts&... p) {
  return make_status(StatusCode::kDeadlineExceeded, p...);
}
template <typename... Parts>
Status data_loss(const Parts&... p) {
  return make_status(StatusCode::kDataLoss, p...);
}
template <typename... Parts>
Status aborted(const Parts&... p) {
  return make_status(StatusCode::kAborted, p...);
}
template <typename... Parts>
Status cancelled(const Parts&... p) {
  return make_status(StatusCode::kCancelled, p...);
}
template <typename... Parts>
Status internal_error(const Parts&... p) {
  return make_status(StatusCode::kInternal, p...);
}

// What a Status carries beside its message, for programs rather than people.
enum class Detail {
  kHubError,      // RepoNotFound, RevisionNotFound, EntryNotFound, GatedRepo, ... (X-Error-Code)
  kHttpStatus,    // the HTTP status code, decimal
  kRetryAfter,    // seconds to wait before the next try, decimal
  kErrno,         // the operating system's error number, decimal
  kCommit,        // hubs: the commit in which a file is missing
  kSnapshotPath,  // IncompleteSnapshot: the folder that lacks files
};

// Adds a detail; a Status that is OK stays as it is. Returns the same status, for chaining.
Status with_detail(Status status, Detail key, std::string_view value);
std::optional<std::string> detail(const Status& status, Detail key);

// Puts `context` and ": " before the message; keeps the code and the details.
Status with_context(const Status& status, std::string_view context);

// From a failed system call: "`what` `path`: strerror", with a code that fits and Detail::kErrno.
Status errno_status(int error, std::string_view what, std::string_view path);

// The message as a std::string_view (Debian's absl::string_view is a type of its own).
inline std::string_view message(const Status& status) {
  return {status.message().data(), status.message().size()};
}

}  // namespace hubdist

// Leaves the function with the status of `expr` unless it is OK.
#define HUBDIST_TRY(expr)                                                                          \
  do {                                                                                             \
    if (::hubdist::Status hubdist_status_ = (expr); !hubdist_status_.ok()) return hubdist_status_; \
  } while (false)

// HUBDIST_ASSIGN(auto x, f()): declares or assigns x from a Result, or leaves with its status.
#define HUBDIST_ASSIGN(lhs, expr) \
  HUBDIST_ASSIGN_IMPL_(HUBDIST_CONCAT_(hubdist_result_, __LINE__), lhs, expr)
#define HUBDIST_ASSIGN_IMPL_(result, lhs, expr) \
  auto result = (expr);                         \
  if (!result.ok()) return result.status();     \
  lhs = *std::move(result)
#define HUBDIST_CONCAT_(a, b) HUBDIST_CONCAT_IMPL_(a, b)
#define HUBDIST_CONCAT_IMPL_(a, b) a##b

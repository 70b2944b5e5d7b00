// Backend: the code that speaks one URL scheme.
//
// Error contract, the same for every backend:
//   NotFound          the object, file, repository or revision is not there (Detail::kHubError says
//                     which, where a hub does)
//   Unauthenticated   a credential is missing or wrong
//   PermissionDenied  the credential does not suffice (gated, private, forbidden)
//   Unavailable       the server or the way to it failed; try again
//   ResourceExhausted the server asks to slow down (Detail::kRetryAfter)
//   DataLoss          the server sent other bytes than it announced
//   OutOfRange        the range begins at or behind the end (an empty range is always OK)
//   Aborted           the object was replaced by another; begin again with stat()
//   Unimplemented     the backend cannot do that; `capabilities()` says so beforehand
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <hubdist/base/bytes.h>
#include <hubdist/base/clock.h>
#include <hubdist/base/secret.h>
#include <hubdist/core/snapshot.h>
#include <hubdist/core/uri.h>

namespace hubdist {

struct BackendCapabilities {
  bool list = false;    // folders can be listed
  bool ranges = false;  // a read can begin and end anywhere
  bool put = false;
  bool revisions = false;  // URIs may name a revision, and stat() resolves it to a commit
  bool xet = false;        // xet_access() may tell where the chunks of files are
};

// One object as its origin states it.
struct ObjectInfo {
  std::uint64_t size = 0;
  Identity identity;
  std::string etag;    // normalised: without W/ and quotes; empty when the origin states none
  std::string commit;  // hubs: the commit that the revision stands for, where they tell
  std::string xet_route = {};  // hubs: where to ask for xet_access(); empty when the hub names none
};

// Leave to read a repository's files from Xet storage.
struct XetAccess {
  std::string cas_url;  // http or https, without '/' at the end
  Secret token;         // for that URL alone
  // Send the token also over http to a host that is not this machine.
  bool allow_insecure_token = false;
  Instant expires;  // by our own clock
};

struct ObjectEntry {
  std::string path;  // relative to the listed URI's repository, bucket or folder
  std::uint64_t size = 0;
  Identity identity;
  std::string etag;
  bool lfs = false;
};

struct ListPage {
  std::vector<ObjectEntry> entries;  // files only, of every depth
  std::string next;                  // token of the next page; empty on the last
  std::string commit;                // hubs: the commit that is listed, where they tell
};

// Reads up to as many bytes as asked; an empty result is the end.
using BodySource = std::function<Result<std::size_t>(MutableBytes)>;
using BodySink = std::function<Status(ByteView)>;

// Thread-safe. Holds the credentials of its own origin, if any. Calls block, and end within 100 ms
// of a stop request with Cancelled. A backend never retries: the retry decorator does.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual BackendCapabilities capabilities() const = 0;
  virtual Result<ObjectInfo> stat(const Uri& uri, std::stop_token stop) = 0;
  // The files below `uri` (a repository, a folder, a prefix). `page` is empty for the first page.
  virtual Result<ListPage> list(const Uri& uri, const std::string& page, std::stop_token stop) = 0;
  // Streams the bytes of `range`, in order and exactly: too few is Unavailable, too many or another
  // range is DataLoss; in both cases what went into `sink` before is right as far as is known.
  virtual Status read(const Uri& uri, ByteRange range, const BodySink& sink,
                      std::stop_token stop) = 0;
  // As read(), of the very object that stat() or list() stated `etag` for: Aborted when the origin
  // holds another by now, as far as it can tell. An empty etag means any. Backends whose objects
  // have no versions leave it as it is.
  virtual Status read_version(const Uri& uri, std::string_view etag, ByteRange range,
                              const BodySink& sink, std::stop_token stop) {
    static_cast<void>(etag);
    return read(uri, range, sink, stop);
  }
  virtual Status put(const Uri& uri, std::uint64_t size, const BodySource& source,
                     std::stop_token stop) = 0;
  virtual Result<bool> exists(const Uri& uri, std::stop_token stop) = 0;
  // Leave to read the files of the URI's repository and revision from Xet storage. `route`:
  // ObjectInfo::xet_route, or empty. NotFound where the hub has no Xet storage.
  virtual Result<XetAccess> xet_access(const Uri& uri, std::string_view route,
                                       std::stop_token stop) {
    static_cast<void>(route), static_cast<void>(stop);
    return unimplemented(uri.scheme_text, "://: this backend has no Xet storage");
  }
  // Names the repository of `uri` among all hubs (Snapshot::scope).
  virtual std::string scope(const Uri& uri) const = 0;
};

// Lists `uri` to the end and sorts by path. For hubs, every page after the first is of the same
// commit. DataLoss on a listing that repeats itself; FailedPrecondition past 1,000,000 files.
Result<Snapshot> list_snapshot(Backend& backend, const Uri& uri, std::stop_token stop);

}  // namespace hubdist

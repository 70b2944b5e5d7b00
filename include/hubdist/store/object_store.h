// ObjectStore: where a hub server keeps everything, a folder here, a bucket elsewhere.
//
// An object is a run of bytes under a key. Objects appear whole or not at all, and a put that was
// answered survives a crash of the machine. What changes (a branch, a setting) changes by
// put_if(), which compares and swaps; everything else is written once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <hubdist/base/clock.h>
#include <hubdist/io/file.h>

namespace hubdist {

struct StoredObject {
  std::string key;
  std::uint64_t size = 0;
};

struct NewObject {
  std::string key;
  std::string content;
};

// A content with the version that put_if() compares: equal contents may have equal versions.
struct VersionedObject {
  std::string content;
  std::string version;
};

struct ObjectPage {
  std::vector<StoredObject> objects;  // sorted by key, bytewise
  bool more = false;                  // ask again after the last key
};

// Random access to one object as it was when opened, whatever happens to its key meanwhile.
// Thread-safe.
class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  virtual std::uint64_t size() const = 0;
  // Reads up to out.size() bytes at `offset`; fewer only at the end.
  virtual Result<std::size_t> read(MutableBytes out, std::uint64_t offset) = 0;
  // The object as a file of its own that may be sent as it is; null where the store has none.
  virtual std::shared_ptr<File> file() const = 0;
};

// Takes an object's content in order. Until finish() nothing can be seen; without it everything is
// thrown away. Not thread-safe.
class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual Status write(ByteView bytes) = 0;
  // Makes the object durable, then visible, replacing one of that key.
  virtual Status finish() = 0;
  // The same unless an object of that key is there, which stays (settle() makes it durable):
  // AlreadyExists, after a sync, so that time does not tell it. Of writers that finish at once one
  // makes the object. finish() may follow.
  virtual Status finish_new() = 0;
};

// Thread-safe, also between processes on one store.
//
// Keys are relative paths of segments of letters, digits and "-._~%+=@,", at most 1,024 bytes and
// 200 a segment, no segment beginning with '.'; another key is InvalidArgument. No key may be a
// folder of another ("a" beside "a/b").
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  virtual Result<StoredObject> head(std::string_view key) = 0;                   // NotFound
  virtual Result<std::unique_ptr<ObjectReader>> open(std::string_view key) = 0;  // NotFound
  // A whole small object; OutOfRange when it is larger than `limit`.
  virtual Result<VersionedObject> get(std::string_view key, std::uint64_t limit) = 0;
  // `range` of an object, cut at its end; OutOfRange when it begins behind it.
  virtual Result<std::string> get_range(std::string_view key, ByteRange range);

  virtual Status put(std::string_view key, ByteView content) = 0;
  // The same for many small objects, several at once: in any order, and when it fails some of them
  // may be there.
  virtual Status put_all(std::span<const NewObject> objects);
  virtual Result<std::unique_ptr<ObjectWriter>> create(std::string_view key) = 0;
  // Makes objects that are there durable, whoever wrote them: for who found one and relies on it
  // instead of writing it. Its writer may not have synced it yet, or have been killed before.
  virtual Status settle(std::span<const std::string> keys);
  Status settle(const std::string& key) { return settle(std::span(&key, 1)); }
  // Writes only if the object's version is still `expected`, or, without one, if there is no
  // object. Aborted when it is not so: read again and decide anew. The new version.
  virtual Result<std::string> put_if(std::string_view key, ByteView content,
                                     const std::optional<std::string>& expected) = 0;
  // OK, durably, also when there is none.
  virtual Status remove(std::string_view key) = 0;

  // Objects whose key begins with `prefix` and is greater than `after`, at most `limit`.
  virtual Result<ObjectPage> list(std::string_view prefix, std::string_view after = {},
                                  std::size_t limit = 1000) = 0;

  // The folder of this machine that holds the objects; empty where there is none.
  virtual Path folder() const { return {}; }
};

inline constexpr std::size_t kMaxObjectKey = 1024;
inline constexpr std::size_t kMaxObjectKeySegment = 200;
Status check_object_key(std::string_view key);

// Objects as files below `root`, which is made (mode 0700) if missing. Contents are synced, then
// renamed into place from {root}/.tmp, and their folders synced; what killed writers left there is
// removed after a day. put_if() is guarded by a FileLock on {root}/.lock. `fs` must outlive the
// store.
Result<std::unique_ptr<ObjectStore>> open_folder_store(FileSystem& fs, const Path& root);

}  // namespace hubdist

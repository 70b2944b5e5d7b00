#include "server/internal/each_object.h"

namespace hubdist::internal {

namespace {
constexpr std::size_t kReadStep = 1 * kMiB;
}  // namespace

Status each_object(ObjectStore& store, std::string_view prefix, const std::stop_token& stop,
                   const std::function<Status(const StoredObject&)>& take) {
  std::string last;
  for (bool more = true; more;) {
    HUBDIST_ASSIGN(const ObjectPage page, store.list(prefix, last));
    for (const StoredObject& object : page.objects) {
      if (stop.stop_requested()) return cancelled("stopped while going through ", prefix);
      last = object.key;
      HUBDIST_TRY(take(object));
    }
    more = page.more;
  }
  return {};
}

Status read_all(ObjectReader& reader, const std::stop_token& stop,
                const std::function<Status(ByteView)>& take) {
  Bytes buffer(kReadStep);
  for (std::uint64_t offset = 0; offset < reader.size();) {
    if (stop.stop_requested()) return cancelled("stopped while reading an object");
    HUBDIST_ASSIGN(const std::size_t count, reader.read(buffer, offset));
    if (count == 0) return data_loss("an object ends early");
    HUBDIST_TRY(take(ByteView(buffer).first(count)));
    offset += count;
  }
  return {};
}

std::string_view last_part(std::string_view key) {
  return key.substr(key.rfind('/') + 1);  // npos + 1 is 0
}

}  // namespace hubdist::internal

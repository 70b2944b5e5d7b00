// Going through the objects of a store, and through one of them.
#pragma once

#include <functional>
#include <stop_token>
#include <string_view>

#include <hubdist/store/object_store.h>

namespace hubdist::internal {

// Calls `take` with each object whose key begins with `prefix`, in order. Cancelled on stop.
Status each_object(ObjectStore& store, std::string_view prefix, const std::stop_token& stop,
                   const std::function<Status(const StoredObject&)>& take);

// Gives all bytes of an object to `take`, in order. Cancelled on stop; DataLoss when it ends early.
Status read_all(ObjectReader& reader, const std::stop_token& stop,
                const std::function<Status(ByteView)>& take);

// What comes after the last '/'.
std::string_view last_part(std::string_view key);

}  // namespace hubdist::internal

// What a node needs from its owner: the bytes that it holds, a place for those that it gets, and
// the way to the origin. client/ implements it; tests and the simulator do as well.
#pragma once

#include <functional>
#include <stop_token>
#include <string_view>

#include <hubdist/base/bytes.h>
#include <hubdist/core/piece_map.h>

namespace hubdist {

enum class Source { kOrigin, kPeer };

// Thread-safe: a node calls it from several threads, also for one unit at a time. Offsets are
// inside the unit; a range never crosses the end of a bundle's member.
class Content {
 public:
  virtual ~Content() = default;
  // Fills `out` with held bytes of a unit. NotFound when the unit is not served (any more),
  // DataLoss when the file behind it was changed since it was verified; the node then stops
  // offering it.
  virtual Status read(std::string_view unit, std::uint64_t offset, MutableBytes out) = 0;
  // Takes bytes of a piece. From a peer they have passed the piece's hash; from the origin they are
  // as they came. An error ends the fetch of that unit with it (a full disk, say).
  virtual Status write(std::string_view unit, std::uint64_t offset, ByteView bytes,
                       Source source) = 0;
  // Streams `range` of a unit from the origin, in order and exactly (the node writes what it gets
  // through write()). Retries are the callee's; an error is final for this lease.
  virtual Status read_origin(std::string_view unit, ByteRange range,
                             const std::function<Status(ByteView)>& sink, std::stop_token stop) = 0;
};

}  // namespace hubdist

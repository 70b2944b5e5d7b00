// Byte ranges in HTTP (RFC 9110, section 14).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <hubdist/base/bytes.h>

namespace hubdist {

// What a Range field asks of a content.
struct RangeRequest {
  enum class Kind {
    kWhole,          // no field, another unit, several ranges, or not understood: answer 200
    kPart,           // answer 206 with `range`
    kUnsatisfiable,  // answer 416 with "Content-Range: bytes */size"
  };
  Kind kind = Kind::kWhole;
  ByteRange range;
};

// `field` is the Range field's value, `size` the content's. Several ranges are answered whole, as
// the standard allows: no client of a hub asks for them, and a list of overlapping ranges is a way
// to make a server work.
RangeRequest parse_range(std::string_view field, std::uint64_t size);

// "bytes begin-last/size"
std::string content_range(ByteRange range, std::uint64_t size);

// Whether an If-None-Match or If-Match list names `etag` (quoted, strong), weak comparison.
bool etag_matches(std::string_view list, std::string_view etag);

}  // namespace hubdist

// Lower-case hexadecimal.
#pragma once

#include <string>
#include <string_view>

#include <hubdist/base/bytes.h>

namespace hubdist {

std::string to_hex(ByteView bytes);
// Decodes hexadecimal of either case into exactly out.size() bytes, else InvalidArgument.
Status from_hex(std::string_view text, MutableBytes out);
// Whether `text` is exactly `digits` lower-case hexadecimal digits.
bool is_hex(std::string_view text, std::size_t digits);

}  // namespace hubdist

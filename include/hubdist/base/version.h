// Which hubdist this is.
#pragma once

#include <string_view>

namespace hubdist {

// "major.minor.patch", as the library was built.
std::string_view version();

}  // namespace hubdist

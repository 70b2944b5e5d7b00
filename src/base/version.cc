#include <hubdist/base/version.h>

namespace hubdist {

std::string_view version() { return HUBDIST_VERSION; }

}  // namespace hubdist

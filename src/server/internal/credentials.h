// What a request says of who asks.
#pragma once

#include <optional>
#include <string_view>

#include <hubdist/base/secret.h>
#include <hubdist/base/status.h>

namespace hubdist::internal {

// The token in an Authorization field: "Bearer TOKEN", or "Basic NAME:TOKEN" in base64, as git and
// git-lfs send it, where the name does not count; a token alone in the name's place will do.
// Nothing when it is neither.
std::optional<Secret> token_of(std::string_view authorization);

// InvalidArgument for what is no base64 with its padding.
Result<std::string> decode_base64(std::string_view text);

}  // namespace hubdist::internal

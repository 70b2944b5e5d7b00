// How a node and a tracker prove themselves to each other: Hello, Challenge, Proof, Welcome.
#pragma once

#include "exchange/net/auth.h"
#include "exchange/net/wire_connection.h"

namespace hubdist::exchange {

inline constexpr std::string_view kControlPurpose = "hubdist control 1";

// The tracker's side, up to the point where the node has proved itself: its Hello. `address` is the
// tracker's own. A node that is refused is told why.
Awaitable<Result<Hello>> meet_node(WireConnection& connection, const MacKey& key,
                                   std::string_view address);

// The node's side, up to the tracker's Welcome, with the messages that came along with it.
// PermissionDenied when the other side does not have the key, or says that this one does not.
Awaitable<Result<std::vector<Message>>> meet_tracker(WireConnection& connection, const MacKey& key,
                                                     Hello hello);

}  // namespace hubdist::exchange

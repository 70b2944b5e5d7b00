// Messages as the bytes of one WebSocket message, as docs/protocol.md specifies them.
#pragma once

#include <span>
#include <vector>

#include <hubdist/exchange/messages.h>

namespace hubdist::exchange {

// Bounds on what a peer may send. A frame beyond them is refused before memory is taken for it.
inline constexpr std::size_t kMaxFrame = 1 * kMiB;
// The frame in which a node answers what it holds of a unit: 64 bytes for each of 2^20 pieces.
inline constexpr std::size_t kMaxHoldingsFrame = 64 * kMiB;
inline constexpr std::size_t kMaxHandshakeFrame = 16 * kKiB;  // before the other side is known
inline constexpr std::size_t kMaxFrameMessages = 4096;
inline constexpr std::size_t kMaxUnitId = kMaxUnitIdSize;
inline constexpr std::size_t kMaxShortText = 512;  // addresses, zones, revisions, ...
inline constexpr std::size_t kMaxMessageText = 4096;
inline constexpr std::size_t kMaxFeatures = 64;
inline constexpr std::size_t kMaxRanges = 16'384;  // in one message
inline constexpr std::size_t kMaxHashes = 16'384;
inline constexpr std::size_t kMaxChunks = 65'536;
inline constexpr std::size_t kMaxDecisions = 16'384;
inline constexpr std::size_t kMaxPeers = 16'384;
inline constexpr std::size_t kMaxAliases = 16;
inline constexpr std::size_t kMaxOpaque = 512 * kKiB;  // grants, listings, certificates
inline constexpr std::uint64_t kMaxUnitSize = kMaxBlobSize;

// The bytes of one frame. What is longer than kMaxFrame is the caller's to divide: encode_frames()
// does.
Bytes encode_frame(std::span<const Message> messages);
// Divides messages into frames of about `target` bytes.
std::vector<Bytes> encode_frames(std::span<const Message> messages,
                                 std::size_t target = kMaxFrame / 4);

// The messages of a frame of at most `limit` bytes, in order. Those of kinds that this version does
// not know are left out. InvalidArgument for bytes that are no frame or pass a bound; then nothing
// is to be believed.
Result<std::vector<Message>> decode_frame(ByteView bytes, std::size_t limit = kMaxFrame);

// The frame that says which pieces a node holds, in as many Hashes as their bound takes, and what
// such a frame says.
Bytes encode_holdings(std::span<const RangeHash> pieces);
Result<std::vector<RangeHash>> decode_holdings(ByteView frame);

}  // namespace hubdist::exchange

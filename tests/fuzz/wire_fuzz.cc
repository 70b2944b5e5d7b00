#include "tests/fuzz/fuzz.h"
#include <hubdist/exchange/wire.h>

using namespace hubdist;
using namespace hubdist::exchange;
using hubdist::fuzz::fuzz_check;

// What is decoded is within bounds and means the same after another way over the wire.
FUZZ_TARGET(wire, 4000) {
  const auto messages = decode_frame(input);
  if (!messages.ok()) return;
  fuzz_check(messages->size() <= kMaxFrameMessages, "a frame with too many messages");
  for (const Message& message : *messages)
    if (const auto* declare = std::get_if<Declare>(&message))
      fuzz_check(check_layout(declare->layout).ok(), "a layout that no tracker believes");
  const auto again = decode_frame(encode_frame(*messages));
  fuzz_check(again.ok(), "an encoded frame cannot be decoded");
  fuzz_check(*again == *messages, "a message changed on its way");
}

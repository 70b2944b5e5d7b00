#include "tests/fuzz/fuzz.h"
#include <hubdist/core/identity.h>
#include <hubdist/core/merkle.h>

using namespace hubdist;
using hubdist::fuzz::fuzz_check;

FUZZ_TARGET(digest_text, 5000) {
  const std::string_view text = as_text(input);
  if (const auto identity = parse_identity(text); identity.ok()) {
    fuzz_check(identity->provable(), "a parsed digest proves nothing");
    const auto again = parse_identity(identity->name());
    fuzz_check(again.ok() && *again == *identity, "a digest's name means something else");
  }
  const auto hash = parse_xet_hex<XetHash>(text);
  fuzz_check(hash.ok() == Sha256::parse(text).ok(), "the two text forms differ in more than order");
  if (hash.ok())
    fuzz_check(*parse_xet_hex<XetHash>(xet_hex(*hash)) == *hash, "a hash's text means another");
}

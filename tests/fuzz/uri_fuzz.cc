#include "tests/fuzz/fuzz.h"
#include <hubdist/core/uri.h>

using namespace hubdist;
using hubdist::fuzz::fuzz_check;

FUZZ_TARGET(uri, 5000) {
  const auto uri = parse_uri(as_text(input));
  if (!uri.ok()) {
    const std::string_view why = message(uri.status());
    const bool clean = std::all_of(why.begin(), why.end(),
                                   [](char c) { return static_cast<unsigned char>(c) >= 32; });
    fuzz_check(clean, "an error holds control characters");
    fuzz_check(why.size() < 1000, "an error has no bound");
    return;
  }
  const std::string text = format_uri(*uri);
  const auto again = parse_uri(text);
  // Encoding can push a text beyond the longest that is allowed.
  if (!again.ok() && text.size() > input.size()) return;
  fuzz_check(again.ok(), "the canonical text does not parse");
  fuzz_check(*again == *uri, "the canonical text names something else");
  fuzz_check(format_uri(*again) == text, "the canonical text has another canonical text");
}

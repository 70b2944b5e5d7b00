#include "cli/format.h"

#include <doctest/doctest.h>

namespace hubdist::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("bytes are shown with three digits of their unit") {
  CHECK(format_bytes(0) == "0 B");
  CHECK(format_bytes(999) == "999 B");
  CHECK(format_bytes(1000) == "1.00 kB");
  CHECK(format_bytes(9'994) == "9.99 kB");
  CHECK(format_bytes(9'996) == "10.0 kB");
  CHECK(format_bytes(99'960) == "100 kB");
  CHECK(format_bytes(999'499) == "999 kB");
  CHECK(format_bytes(999'500) == "1.00 MB");
  CHECK(format_bytes(90'868'376) == "90.9 MB");
  CHECK(format_bytes(1'000'000'000) == "1.00 GB");
  CHECK(format_bytes(UINT64_MAX) == "18.4 EB");
}

TEST_CASE("durations") {
  CHECK(format_duration(milliseconds(400)) == "0:00");
  CHECK(format_duration(seconds(7)) == "0:07");
  CHECK(format_duration(seconds(750)) == "12:30");
  CHECK(format_duration(seconds(11'100)) == "3:05:00");
  CHECK(format_seconds(milliseconds(3'240)) == "3.2 s");
  CHECK(format_seconds(milliseconds(59'940)) == "59.9 s");
  CHECK(format_seconds(milliseconds(59'960)) == "1:00");
}

TEST_CASE("counts agree with their noun") {
  CHECK(format_count(0, "file") == "0 files");
  CHECK(format_count(1, "file") == "1 file");
  CHECK(format_count(12, "file") == "12 files");
  CHECK(format_count(1'234'567, "file") == "1,234,567 files");
  CHECK(format_integer(999) == "999");
  CHECK(format_integer(1000) == "1,000");
  CHECK(format_integer(UINT64_MAX) == "18,446,744,073,709,551,615");
}

TEST_CASE("a name cannot steer the terminal") {
  CHECK(printable("模型/a b.bin") == "模型/a b.bin");
  CHECK(printable("a\x1b[2Jb\rc\nd\x7f") == "a?[2Jb?c?d?");
  CHECK(printable("a\xc2\x9b"
                  "2J") == "a?2J");
  CHECK(printable("a\u202egnp.exe") == "a?gnp.exe");
  CHECK(printable("\u2066\u061c\u200f\u2014") == "???\u2014");
  CHECK(printable("caf\xc3\xa9\nx", true) == "caf\xc3\xa9\nx");
}

}  // namespace
}  // namespace hubdist::cli

#include <cerrno>

#include <doctest/doctest.h>

#include <hubdist/base/bytes.h>
#include <hubdist/base/hex.h>
#include <hubdist/base/log.h>
#include <hubdist/base/secret.h>
#include <hubdist/base/status.h>

using namespace hubdist;

TEST_CASE("a status keeps its details when context is put before its message") {
  const Status inner = with_detail(not_found("no file ", 7), Detail::kHubError, "EntryNotFound");
  const Status outer = with_context(inner, "hf://org/model");
  CHECK(outer.code() == StatusCode::kNotFound);
  CHECK(message(outer) == "hf://org/model: no file 7");
  CHECK(detail(outer, Detail::kHubError) == "EntryNotFound");
  CHECK_FALSE(detail(outer, Detail::kErrno));
}

TEST_CASE("a failed system call names the operation, the path and the reason") {
  const Status status = errno_status(ENOSPC, "write", "/x/y");
  CHECK(status.code() == StatusCode::kFailedPrecondition);
  CHECK(message(status) == "write /x/y: No space left on device");
  CHECK(detail(status, Detail::kErrno) == std::to_string(ENOSPC));
}

TEST_CASE("a reader never passes the end") {
  const ByteView bytes = as_bytes("\x01\x02\x03\x04\x05");
  ByteReader reader(bytes);
  CHECK(*reader.read<std::uint32_t>() == 0x04030201);
  CHECK(reader.read<std::uint16_t>().status().code() == StatusCode::kOutOfRange);
  CHECK(reader.remaining() == 1);  // the failed read moved nothing
  CHECK(*reader.read<std::uint8_t>() == 5);
}

TEST_CASE("hexadecimal goes both ways and refuses what is none") {
  std::array<std::byte, 2> out{};
  CHECK(from_hex("0aFf", out).ok());
  CHECK(to_hex(out) == "0aff");
  CHECK_FALSE(from_hex("0a", out).ok());
  CHECK_FALSE(from_hex("0g00", out).ok());
  CHECK(is_hex("00ff", 4));
  CHECK_FALSE(is_hex("00FF", 4));
}

TEST_CASE("the sink gets what passes the level") {
  std::string seen;
  set_log_sink([&](LogLevel, std::string_view text) { seen += text; });
  set_log_level(LogLevel::kInfo);
  log(LogLevel::kDebug, "no");
  log(LogLevel::kInfo, "yes ", 1);
  set_log_sink({});
  set_log_level(LogLevel::kWarning);
  CHECK(seen == "yes 1");
}

#include "tests/fuzz/fuzz.h"

using namespace hubdist;
using hubdist::fuzz::fuzz_check;
using hubdist::fuzz::Input;

namespace {

// Reads one value of type T where the model says that `position` is.
template <typename T>
void check_read(ByteReader& reader, ByteView content, std::size_t& position) {
  const auto value = reader.read<T>();
  fuzz_check(value.ok() == (sizeof(T) <= content.size() - position), "a read passes the end");
  if (!value.ok()) return;
  Bytes written;
  append_le(written, *value);
  const ByteView expected = content.subspan(position, sizeof(T));
  fuzz_check(std::equal(written.begin(), written.end(), expected.begin(), expected.end()),
             "a number is not what its bytes say");
  position += sizeof(T);
}

}  // namespace

// The first 16 bytes say what is read from the others.
FUZZ_TARGET(byte_reader, 5000) {
  Input commands(input.first(std::min<std::size_t>(16, input.size())));
  const ByteView content = input.subspan(std::min<std::size_t>(16, input.size()));
  ByteReader reader(content);
  std::size_t position = 0;
  while (!commands.done()) {
    switch (commands.byte() % 5) {
      case 0:
        check_read<std::uint8_t>(reader, content, position);
        break;
      case 1:
        check_read<std::uint16_t>(reader, content, position);
        break;
      case 2:
        check_read<std::uint32_t>(reader, content, position);
        break;
      case 3:
        check_read<std::uint64_t>(reader, content, position);
        break;
      default: {
        const std::size_t count = static_cast<std::size_t>(commands.number(commands.byte() % 9));
        const auto bytes = reader.read_bytes(count);
        fuzz_check(bytes.ok() == (count <= content.size() - position), "a run passes the end");
        if (bytes.ok())
          fuzz_check(bytes->data() == content.data() + position, "a run is elsewhere");
        position += bytes.ok() ? count : 0;
      }
    }
    fuzz_check(reader.position() == position, "the position is wrong");
    fuzz_check(reader.remaining() == content.size() - position, "the rest is wrong");
  }
}

#include <algorithm>

#include <hubdist/store/object_store.h>

namespace hubdist {

namespace {

bool is_key_character(char c) {
  const bool letter_or_digit =
      (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter_or_digit || std::string_view("-._~%+=@,").find(c) != std::string_view::npos;
}

bool is_key_segment(std::string_view segment) {
  return !segment.empty() && segment.size() <= kMaxObjectKeySegment && segment.front() != '.' &&
         std::all_of(segment.begin(), segment.end(), is_key_character);
}

}  // namespace

Status check_object_key(std::string_view key) {
  bool right = !key.empty() && key.size() <= kMaxObjectKey;
  for (std::string_view rest = key; right;) {
    const std::size_t slash = rest.find('/');
    right = is_key_segment(rest.substr(0, slash));
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (right) return {};
  return invalid_argument("'", key.substr(0, 200), "' is not the key of an object");
}

Status ObjectStore::put_all(std::span<const NewObject> objects) {
  for (const NewObject& object : objects) HUBDIST_TRY(put(object.key, as_bytes(object.content)));
  return {};
}

// Of a store where what can be seen is durable.
Status ObjectStore::settle(std::span<const std::string>) { return {}; }

Result<std::string> ObjectStore::get_range(std::string_view key, ByteRange range) {
  HUBDIST_ASSIGN(const auto reader, open(key));
  if (range.begin > reader->size())
    return out_of_range("object ", key, " has ", reader->size(), " bytes, asked from ",
                        range.begin);
  std::string content(static_cast<std::size_t>(std::min(range.end, reader->size()) - range.begin),
                      '\0');
  HUBDIST_ASSIGN(const std::size_t count,
                 reader->read(std::as_writable_bytes(std::span(content)), range.begin));
  content.resize(count);
  return content;
}

}  // namespace hubdist

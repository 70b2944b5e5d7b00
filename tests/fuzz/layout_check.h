// What holds for the layout of any content.
#pragma once

#include <cstring>
#include <set>
#include <string>

#include "tests/fuzz/fuzz.h"
#include "tests/support/memory_content.h"
#include <hubdist/core/content_layout.h>

namespace hubdist::fuzz {

inline void check_layout(const Bytes& content) {
  const testing::MemoryContent reader(content);
  const auto layout = read_layout(reader);
  fuzz_check(layout.ok(), "a content in memory cannot be read");
  std::uint64_t end = 0;
  std::set<std::string> names;
  for (const Region& region : layout->regions) {
    fuzz_check(!region.range.empty() && region.range.begin >= end, "regions overlap");
    fuzz_check(names.insert(region.name).second, "a name occurs twice");
    end = region.range.end;
  }
  fuzz_check(end <= content.size(), "a region passes the content's end");
}

// The content with these bytes at its front, so that it is taken for the format.
inline Bytes with_magic(ByteView input, std::string_view magic) {
  Bytes content(input.begin(), input.end());
  if (content.size() < magic.size()) content.resize(magic.size());
  std::memcpy(content.data(), magic.data(), magic.size());
  return content;
}

}  // namespace hubdist::fuzz

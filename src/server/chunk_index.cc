#include "server/internal/chunk_index.h"

#include <algorithm>
#include <cstring>

#include <hubdist/core/hash.h>

namespace hubdist::internal {

namespace {

constexpr std::uint64_t kMaxGroupName = 64;

std::string group_key(std::string_view name) {
  return concat("xet-groups/", name.substr(0, 2), '/', name);
}
std::string chunk_folder(const ChunkHash& chunk) {
  const std::string hex = xet_hex(chunk);
  return concat("xet-chunks/", hex.substr(0, 2), '/', hex, '/');
}

std::string format_group(std::span<const XorbHash> group) {
  std::string text;
  for (const XorbHash& xorb : group) text += as_text(xorb.bytes);
  return text;
}

}  // namespace

Status ChunkIndex::add(std::span<const XorbHash> group, std::span<const Place> places) {
  if (places.empty()) return {};
  const std::string text = format_group(group.first(std::min(group.size(), kMaxGroup)));
  const std::string name = blake3(as_bytes(text)).hex();
  HUBDIST_TRY(store_.put(group_key(name), as_bytes(text)));
  std::vector<NewObject> objects;
  for (const Place& place : places)
    objects.push_back({chunk_folder(place.chunk) + xet_hex(place.xorb), name});
  std::sort(objects.begin(), objects.end(),
            [](const NewObject& a, const NewObject& b) { return a.key < b.key; });
  const auto same =
      std::unique(objects.begin(), objects.end(),
                  [](const NewObject& a, const NewObject& b) { return a.key == b.key; });
  objects.erase(same, objects.end());
  return store_.put_all(objects);
}

Result<ChunkIndex::Group> ChunkIndex::read_group(std::string_view name) const {
  if (!is_hex(name, kMaxGroupName)) return data_loss("a chunk names no group of xorbs");
  HUBDIST_ASSIGN(const auto object, store_.get(group_key(name), kMaxGroup * XorbHash::kSize));
  Group group(object.content.size() / XorbHash::kSize);
  for (std::size_t i = 0; i < group.size(); ++i)
    std::memcpy(group[i].bytes.data(), object.content.data() + i * XorbHash::kSize,
                XorbHash::kSize);
  return group;
}

Result<std::vector<ChunkIndex::Group>> ChunkIndex::find(const ChunkHash& chunk) const {
  const std::string folder = chunk_folder(chunk);
  HUBDIST_ASSIGN(const ObjectPage page, store_.list(folder, {}, kMaxPlaces));
  std::vector<Group> found;
  for (const StoredObject& object : page.objects) {
    HUBDIST_ASSIGN(const XorbHash xorb,
                   parse_xet_hex<XorbHash>(std::string_view(object.key).substr(folder.size())));
    HUBDIST_ASSIGN(const auto name, store_.get(object.key, kMaxGroupName));
    HUBDIST_ASSIGN(Group group, read_group(name.content));
    const auto at = std::find(group.begin(), group.end(), xorb);
    if (at == group.end())
      group.insert(group.begin(), xorb);
    else
      std::rotate(group.begin(), at, group.end());
    found.push_back(std::move(group));
  }
  return found;
}

}  // namespace hubdist::internal

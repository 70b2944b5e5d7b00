#include <algorithm>

#include <simdjson.h>

#include "core/internal/layouts.h"
#include "core/internal/text.h"

namespace hubdist::internal {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kMaxDimensions = 32;
constexpr std::uint64_t kPrefix = 8;  // the header's length comes before it

struct Tensor {
  std::string type;
  std::vector<std::uint64_t> shape;
  ByteRange range;  // inside the data
};

simdjson::error_code read_numbers(ondemand::value value, std::size_t most,
                                  std::vector<std::uint64_t>& out) {
  ondemand::array array;
  if (const auto error = value.get_array().get(array)) return error;
  for (auto item : array) {
    std::uint64_t number;
    if (const auto error = item.get_uint64().get(number)) return error;
    if (out.size() == most) return simdjson::CAPACITY;
    out.push_back(number);
  }
  return simdjson::SUCCESS;
}

// A tensor of which something is missing or of the wrong kind gives an error.
simdjson::error_code read_tensor(ondemand::value value, Tensor& tensor) {
  ondemand::object object;
  if (const auto error = value.get_object().get(object)) return error;
  std::vector<std::uint64_t> offsets;
  for (auto field : object) {
    std::string_view key;
    ondemand::value item;
    if (const auto error = field.unescaped_key().get(key)) return error;
    const bool dtype = key == "dtype";
    const bool shape = key == "shape";
    const bool range = key == "data_offsets";
    if (const auto error = field.value().get(item)) return error;
    simdjson::error_code error = simdjson::SUCCESS;
    if (dtype) {
      std::string_view text;
      error = item.get_string().get(text);
      tensor.type = to_lower(text.substr(0, 16));
    } else if (shape) {
      error = read_numbers(item, kMaxDimensions, tensor.shape);
    } else if (range) {
      error = read_numbers(item, 2, offsets);
    }
    if (error) return error;
  }
  if (offsets.size() != 2 || tensor.type.empty()) return simdjson::INCORRECT_TYPE;
  tensor.range = {offsets[0], offsets[1]};
  return simdjson::SUCCESS;
}

class Header {
 public:
  Header(std::uint64_t data_begin, RegionList& regions) : data_(data_begin), regions_(regions) {}

  simdjson::error_code read(const simdjson::padded_string& text) {
    ondemand::parser parser;
    ondemand::document document;
    ondemand::object object;
    if (const auto error = parser.iterate(text).get(document)) return error;
    if (const auto error = document.get_object().get(object)) return error;
    for (auto field : object) {
      std::string_view key;
      ondemand::value value;
      if (const auto error = field.unescaped_key().get(key)) return error;
      const std::string name(key);
      if (const auto error = field.value().get(value)) return error;
      if (name == "__metadata__") continue;
      Tensor tensor;
      if (const auto error = read_tensor(value, tensor)) return error;
      if (!add(name, tensor)) return simdjson::SUCCESS;
    }
    const bool ended = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
    return ended ? simdjson::SUCCESS : simdjson::TRAILING_CONTENT;
  }

 private:
  bool add(const std::string& name, const Tensor& tensor) {
    constexpr std::uint64_t kFar = ~std::uint64_t{0};
    const auto place = [this](std::uint64_t offset) {
      return offset > kFar - data_ ? kFar : data_ + offset;
    };
    return regions_.add(RegionKind::kTensor, name, tensor.type + " " + shape_text(tensor.shape),
                        {place(tensor.range.begin), place(tensor.range.end)});
  }

  std::uint64_t data_;
  RegionList& regions_;
};

}  // namespace

Status read_safetensors(const ContentReader& content, ContentLayout& layout) {
  HUBDIST_ASSIGN(const Bytes prefix, read_part(content, {0, kPrefix}));
  const std::uint64_t length = *ByteReader(prefix).read<std::uint64_t>();
  layout.format = ContentFormat::kSafetensors;
  if (length > content.size() - kPrefix) {
    layout.notes.push_back(concat("the header claims ", length, " bytes, the file has ",
                                  content.size(), ": it is cut off or damaged"));
    return {};
  }
  if (length > kMaxLayoutHeader) {
    layout.notes.push_back(concat("the header has ", length, " bytes, more than the ",
                                  kMaxLayoutHeader, " that are read"));
    return {};
  }
  simdjson::padded_string text(static_cast<std::size_t>(length));
  HUBDIST_TRY(content.read(kPrefix, std::as_writable_bytes(std::span(text.data(), text.size()))));
  RegionList regions;
  regions.add(RegionKind::kHeader, "header", "", {0, kPrefix + length});
  if (const auto error = Header(kPrefix + length, regions).read(text))
    layout.notes.push_back(concat("the header is damaged: ", simdjson::error_message(error)));
  regions.finish(content.size(), layout);
  return {};
}

}  // namespace hubdist::internal

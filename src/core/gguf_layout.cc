#include <algorithm>
#include <optional>

#include "core/internal/content_cursor.h"
#include "core/internal/layouts.h"

namespace hubdist::internal {
namespace {

constexpr std::uint64_t kMaxText = kMiB;  // a key, a tensor's name
constexpr std::uint32_t kMaxDimensions = 8;
constexpr std::uint64_t kDefaultAlignment = 32;

enum ValueType : std::uint32_t { kUint32 = 4, kString = 8, kArray = 9, kValueTypes = 13 };
// The length of each type of value; 0 for texts and arrays, which have their own.
constexpr std::uint64_t kValueSizes[kValueTypes] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

// A tensor's elements come in blocks.
struct TensorType {
  std::uint32_t number;
  std::string_view name;
  std::uint64_t elements;
  std::uint64_t bytes;
};
constexpr TensorType kTensorTypes[] = {
    {0, "f32", 1, 4},         {1, "f16", 1, 2},         {2, "q4_0", 32, 18},
    {3, "q4_1", 32, 20},      {6, "q5_0", 32, 22},      {7, "q5_1", 32, 24},
    {8, "q8_0", 32, 34},      {9, "q8_1", 32, 36},      {10, "q2_k", 256, 84},
    {11, "q3_k", 256, 110},   {12, "q4_k", 256, 144},   {13, "q5_k", 256, 176},
    {14, "q6_k", 256, 210},   {15, "q8_k", 256, 292},   {16, "iq2_xxs", 256, 66},
    {17, "iq2_xs", 256, 74},  {18, "iq3_xxs", 256, 98}, {19, "iq1_s", 256, 50},
    {20, "iq4_nl", 32, 18},   {21, "iq3_s", 256, 110},  {22, "iq2_s", 256, 82},
    {23, "iq4_xs", 256, 136}, {24, "i8", 1, 1},         {25, "i16", 1, 2},
    {26, "i32", 1, 4},        {27, "i64", 1, 8},        {28, "f64", 1, 8},
    {29, "iq1_m", 256, 56},   {30, "bf16", 1, 2},       {34, "tq1_0", 256, 54},
    {35, "tq2_0", 256, 66},   {39, "mxfp4", 32, 17}};

const TensorType* find_type(std::uint32_t number) {
  for (const TensorType& type : kTensorTypes)
    if (type.number == number) return &type;
  return nullptr;
}

struct Tensor {
  std::string name;
  std::vector<std::uint64_t> shape;
  std::uint32_t type = 0;
  std::uint64_t offset = 0;  // inside the data
};

// Nothing when the type is not known or the size is absurd.
std::optional<std::uint64_t> size_of(const Tensor& tensor) {
  const TensorType* type = find_type(tensor.type);
  if (!type) return std::nullopt;
  std::uint64_t elements = 1;
  for (const std::uint64_t n : tensor.shape)
    if (__builtin_mul_overflow(elements, n, &elements)) return std::nullopt;
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(elements / type->elements, type->bytes, &bytes)) return std::nullopt;
  return bytes;
}

class Gguf {
 public:
  Gguf(const ContentReader& content, bool big_endian)
      : size_(content.size()),
        cursor_(content, 0, std::min(content.size(), kMaxLayoutHeader), big_endian) {}

  Status read(RegionList& regions) {
    HUBDIST_TRY(cursor_.skip(4));
    HUBDIST_ASSIGN(const auto version, cursor_.read<std::uint32_t>());
    if (version != 2 && version != 3) return broken(concat("version ", version, " is not known"));
    HUBDIST_ASSIGN(const auto tensors, cursor_.read<std::uint64_t>());
    HUBDIST_ASSIGN(const auto pairs, cursor_.read<std::uint64_t>());
    regions.add(RegionKind::kHeader, "header", "", {0, cursor_.position()});
    HUBDIST_TRY(read_metadata(pairs, regions));
    HUBDIST_TRY(read_tensors(tensors, regions));
    add_tensors(regions);
    return {};
  }

 private:
  Status read_metadata(std::uint64_t pairs, RegionList& regions) {
    const std::uint64_t begin = cursor_.position();
    for (std::uint64_t i = 0; i < pairs; ++i) HUBDIST_TRY(read_pair());
    if (alignment_ == 0 || (alignment_ & (alignment_ - 1)) != 0 || alignment_ > kMiB)
      return broken(concat("its alignment is ", alignment_));
    regions.add(RegionKind::kMetadata, "metadata", concat(pairs, pairs == 1 ? " key" : " keys"),
                {begin, cursor_.position()});
    return {};
  }

  Result<std::string> read_string() {
    HUBDIST_ASSIGN(const auto size, cursor_.read<std::uint64_t>());
    return cursor_.read_text(size, kMaxText);
  }

  Status read_pair() {
    HUBDIST_ASSIGN(const std::string key, read_string());
    HUBDIST_ASSIGN(const auto type, cursor_.read<std::uint32_t>());
    if (key == "general.alignment" && type == kUint32) {
      HUBDIST_ASSIGN(alignment_, cursor_.read<std::uint32_t>());
      return {};
    }
    if (type == kArray) return skip_array();
    return skip_values(type, 1);
  }

  Status skip_array() {
    HUBDIST_ASSIGN(const auto type, cursor_.read<std::uint32_t>());
    HUBDIST_ASSIGN(const auto count, cursor_.read<std::uint64_t>());
    return skip_values(type, count);
  }

  Status skip_values(std::uint32_t type, std::uint64_t count) {
    if (type >= kValueTypes || type == kArray) return broken(concat("a value has the type ", type));
    if (type != kString) {
      if (count > cursor_.remaining()) return broken("it ends too early");
      return cursor_.skip(count * kValueSizes[type]);
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      HUBDIST_ASSIGN(const auto size, cursor_.read<std::uint64_t>());
      HUBDIST_TRY(cursor_.skip(size));
    }
    return {};
  }

  Status read_tensors(std::uint64_t count, RegionList& regions) {
    const std::uint64_t begin = cursor_.position();
    if (count > kMaxRegions) return broken(concat("it claims ", count, " tensors"));
    for (std::uint64_t i = 0; i < count; ++i) {
      Tensor tensor;
      HUBDIST_ASSIGN(tensor.name, read_string());
      HUBDIST_ASSIGN(const auto dimensions, cursor_.read<std::uint32_t>());
      if (dimensions > kMaxDimensions)
        return broken(concat("a tensor has ", dimensions, " dimensions"));
      for (std::uint32_t d = 0; d < dimensions; ++d) {
        HUBDIST_ASSIGN(const auto length, cursor_.read<std::uint64_t>());
        tensor.shape.push_back(length);
      }
      HUBDIST_ASSIGN(tensor.type, cursor_.read<std::uint32_t>());
      HUBDIST_ASSIGN(tensor.offset, cursor_.read<std::uint64_t>());
      tensors_.push_back(std::move(tensor));
    }
    regions.add(RegionKind::kMetadata, "tensor list", "", {begin, cursor_.position()});
    return {};
  }

  // A tensor of a type that is not known reaches to the next one.
  void add_tensors(RegionList& regions) {
    const std::uint64_t data = (cursor_.position() + alignment_ - 1) & ~(alignment_ - 1);
    std::stable_sort(tensors_.begin(), tensors_.end(),
                     [](const Tensor& a, const Tensor& b) { return a.offset < b.offset; });
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      const Tensor& tensor = tensors_[i];
      const std::uint64_t begin = place(data, tensor.offset);
      std::uint64_t end = i + 1 < tensors_.size() ? place(data, tensors_[i + 1].offset) : size_;
      if (const auto size = size_of(tensor)) end = place(begin, *size);
      const TensorType* type = find_type(tensor.type);
      const std::string type_name = type ? std::string(type->name) : concat("type ", tensor.type);
      regions.add(RegionKind::kTensor, tensor.name, type_name + " " + shape_text(tensor.shape),
                  {begin, end});
    }
  }

  static std::uint64_t place(std::uint64_t begin, std::uint64_t offset) {
    const std::uint64_t sum = begin + offset;
    return sum < begin ? ~std::uint64_t{0} : sum;
  }

  std::uint64_t size_;
  ContentCursor cursor_;
  std::uint64_t alignment_ = kDefaultAlignment;
  std::vector<Tensor> tensors_;
};

}  // namespace

Status read_gguf(const ContentReader& content, ContentLayout& layout) {
  layout.format = ContentFormat::kGguf;
  HUBDIST_ASSIGN(const Bytes head, read_head(content, 8));
  // Versions are small numbers: the byte that is not zero tells the order.
  const bool big_endian = head.size() == 8 && head[4] == std::byte{0} && head[7] != std::byte{0};
  RegionList regions;
  if (const Status status = Gguf(content, big_endian).read(regions); is_broken(status))
    layout.notes.push_back(concat("the GGUF header is damaged: ", message(status)));
  else
    HUBDIST_TRY(status);
  regions.finish(content.size(), layout);
  return {};
}

}  // namespace hubdist::internal

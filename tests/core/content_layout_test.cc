#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/memory_content.h"
#include <hubdist/core/content_layout.h>

using namespace hubdist;
using hubdist::testing::MemoryContent;

namespace {

Bytes sample(const std::string& name) {
  std::ifstream file(std::string(HUBDIST_CORE_VECTORS) + "/layouts/" + name, std::ios::binary);
  REQUIRE(file);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const ByteView bytes = as_bytes(text);
  return Bytes(bytes.begin(), bytes.end());
}

ContentLayout layout_of(ByteView content) {
  const auto layout = read_layout(MemoryContent(content));
  REQUIRE(layout.ok());
  return *layout;
}

ContentLayout layout_of_text(std::string_view text) { return layout_of(as_bytes(text)); }

// Each region as "name: detail [begin, end)".
std::vector<std::string> lines(const ContentLayout& layout) {
  std::vector<std::string> out;
  for (const Region& region : layout.regions)
    out.push_back(concat(region.name, ": ", region.detail, " [", region.range.begin, ", ",
                         region.range.end, ")"));
  return out;
}

using Lines = std::vector<std::string>;

Bytes safetensors(std::string_view header, std::size_t data) {
  Bytes out;
  append_le(out, static_cast<std::uint64_t>(header.size()));
  append_bytes(out, as_bytes(header));
  out.resize(out.size() + data);
  return out;
}

// Writes GGUF values in either byte order.
class GgufWriter {
 public:
  explicit GgufWriter(bool big_endian) : big_endian_(big_endian) {}
  template <std::unsigned_integral T>
  GgufWriter& number(T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      const std::size_t shift = 8 * (big_endian_ ? sizeof(T) - 1 - i : i);
      bytes_.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> shift & 0xff));
    }
    return *this;
  }
  GgufWriter& u32(std::uint32_t value) { return number(value); }
  GgufWriter& u64(std::uint64_t value) { return number(value); }
  GgufWriter& raw(std::string_view text) {
    append_bytes(bytes_, as_bytes(text));
    return *this;
  }
  GgufWriter& text(std::string_view value) { return u64(value.size()).raw(value); }
  GgufWriter& align(std::size_t to) {
    bytes_.resize((bytes_.size() + to - 1) / to * to);
    return *this;
  }
  Bytes with_data(std::size_t size) {
    bytes_.resize(bytes_.size() + size);
    return bytes_;
  }

 private:
  bool big_endian_;
  Bytes bytes_;
};

// A text, an alignment, two arrays; an f32 and a quantised tensor.
Bytes gguf(bool big_endian) {
  GgufWriter out(big_endian);
  out.raw("GGUF").u32(3).u64(2).u64(4);
  out.text("general.architecture").u32(8).text("llama");
  out.text("general.alignment").u32(4).u32(64);
  out.text("tokens").u32(9).u32(8).u64(3).text("a").text("bc").text("");
  out.text("numbers").u32(9).u32(5).u64(4).u64(0).u64(0);
  out.text("w1").u32(2).u64(32).u64(10).u32(0).u64(0);
  out.text("w2").u32(1).u64(256).u32(12).u64(1280);
  return out.align(64).with_data(1280 + 144);
}

}  // namespace

TEST_CASE("the tensors of a safetensors file") {
  const Bytes file =
      safetensors(R"({"__metadata__":{"format":"pt"},)"
                  R"("b":{"dtype":"BF16","shape":[2,3],"data_offsets":[16,28]},)"
                  R"("a\u00e9":{"data_offsets":[0,16],"shape":[4],"dtype":"F32"}}  )",
                  28);
  const ContentLayout layout = layout_of(file);
  CHECK(layout.format == ContentFormat::kSafetensors);
  CHECK(layout.notes.empty());
  const std::size_t data = file.size() - 28;
  CHECK(lines(layout) == Lines{concat("header:  [0, ", data, ")"),
                               concat("a\xc3\xa9: f32 [4] [", data, ", ", data + 16, ")"),
                               concat("b: bf16 [2, 3] [", data + 16, ", ", data + 28, ")")});
  CHECK(layout.regions[1].kind == RegionKind::kTensor);
}

TEST_CASE("a safetensors file that is cut off, or claims 2^60 bytes, is noted") {
  const Bytes whole = safetensors(R"({"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})", 9);
  const ContentLayout cut = layout_of(ByteView(whole).first(whole.size() - 1));
  CHECK(cut.regions.size() == 1);
  REQUIRE(cut.notes.size() == 1);
  CHECK(cut.notes[0].find("beyond the file's end") != std::string::npos);

  const ContentLayout short_header = layout_of(ByteView(whole).first(20));
  CHECK(short_header.regions.empty());
  CHECK(short_header.notes.size() == 1);

  Bytes huge = whole;
  huge[7] = std::byte{0x10};
  const ContentLayout claims = layout_of(huge);
  CHECK(claims.format == ContentFormat::kSafetensors);
  CHECK(claims.regions.empty());
  REQUIRE(claims.notes.size() == 1);
  CHECK(claims.notes[0].find("claims") != std::string::npos);
}

TEST_CASE("tensors that overlap or share a name are noted") {
  const ContentLayout layout = layout_of(
      safetensors(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                  R"("a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]},)"
                  R"("b":{"dtype":"U8","shape":[4],"data_offsets":[6,10]},)"
                  R"("c":{"dtype":"U8","shape":[1],"data_offsets":[18446744073709551615,1]}})",
                  10));
  REQUIRE(layout.regions.size() == 3);
  CHECK(layout.regions[1].name == "a");
  CHECK(layout.regions[2].name == "a (2)");
  CHECK(layout.notes.size() == 3);
}

TEST_CASE("a header that is no safetensors header is noted") {
  for (const std::string_view header :
       {R"({"a":1})", R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0]}})", R"({"a":{}})",
        R"({"a":{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}})", R"({"a")", R"({} {})"})
    CHECK(layout_of(safetensors(header, 4)).notes.size() == 1);
}

TEST_CASE("metadata and tensors of GGUF files of both byte orders") {
  for (const bool big_endian : {false, true}) {
    const ContentLayout layout = layout_of(gguf(big_endian));
    CHECK(layout.format == ContentFormat::kGguf);
    CHECK(layout.notes.empty());
    CHECK(lines(layout) == Lines{"header:  [0, 24)", "metadata: 4 keys [24, 206)",
                                 "tensor list:  [206, 282)", "w1: f32 [32, 10] [320, 1600)",
                                 "w2: q4_k [256] [1600, 1744)"});
  }
}

TEST_CASE("a GGUF file that is cut off anywhere is noted") {
  const Bytes whole = gguf(false);
  for (std::size_t size = 5; size < whole.size(); size += 3) {
    const ContentLayout layout = layout_of(ByteView(whole).first(size));
    CHECK(layout.format == ContentFormat::kGguf);
    CHECK(layout.notes.size() == 1);
  }
}

TEST_CASE("absurd GGUF headers are noted") {
  const auto noted = [](GgufWriter writer) {
    return layout_of(writer.with_data(100)).notes.size() == 1;
  };
  const std::uint64_t huge = 1ull << 60;
  CHECK(noted(GgufWriter(false).raw("GGUF").u32(1).u64(0).u64(0)));
  CHECK(noted(GgufWriter(false).raw("GGUF").u32(3).u64(huge).u64(0)));
  CHECK(noted(GgufWriter(false).raw("GGUF").u32(3).u64(0).u64(huge)));
  CHECK(noted(GgufWriter(false).raw("GGUF").u32(3).u64(0).u64(1).text("k").u32(99).u64(0)));
  CHECK(noted(GgufWriter(false).raw("GGUF").u32(3).u64(0).u64(1).u64(huge)));
  CHECK(
      noted(GgufWriter(false).raw("GGUF").u32(3).u64(0).u64(1).text("k").u32(9).u32(4).u64(huge)));
  CHECK(noted(
      GgufWriter(false).raw("GGUF").u32(3).u64(0).u64(1).text("general.alignment").u32(4).u32(3)));
}

TEST_CASE("the column chunks of a Parquet file") {
  const ContentLayout layout = layout_of(sample("small.parquet"));
  CHECK(layout.format == ContentFormat::kParquet);
  CHECK(layout.notes.empty());
  CHECK(layout.advice.empty());
  CHECK(lines(layout) == Lines{"header:  [0, 4)", "row group 0, id: zstd [4, 124)",
                               "row group 0, text: zstd [124, 204)",
                               "row group 1, id: zstd [204, 324)",
                               "row group 1, text: zstd [324, 404)", "footer:  [404, 1133)"});
}

TEST_CASE("a Parquet file is told from one that was cut by content") {
  const ContentLayout counted = layout_of(sample("counted.parquet"));
  REQUIRE(counted.advice.size() == 1);
  CHECK(counted.advice[0].find("use_content_defined_chunking=True") != std::string::npos);
  CHECK(layout_of(sample("cut_by_content.parquet")).advice.empty());
}

TEST_CASE("a damaged Parquet file is noted") {
  const Bytes whole = sample("small.parquet");
  CHECK(layout_of(ByteView(whole).first(whole.size() - 1)).notes.size() == 1);
  CHECK(layout_of(ByteView(whole).first(6)).notes.size() == 1);
  Bytes long_footer = whole;
  long_footer[whole.size() - 5] = std::byte{0x7f};
  CHECK(layout_of(long_footer).notes.size() == 1);
  Bytes no_footer = whole;  // its bytes make no struct
  std::fill(no_footer.begin() + 404, no_footer.end() - 8, std::byte{0xff});
  CHECK(layout_of(no_footer).notes.size() == 1);
}

TEST_CASE("the pages of a SQLite database") {
  const ContentLayout layout = layout_of(sample("small.sqlite"));
  CHECK(layout.format == ContentFormat::kSqlite);
  CHECK(layout.notes.empty());
  CHECK(lines(layout) == Lines{"sqlite_schema, page 1:  [0, 512)", "users, page 2:  [512, 1024)",
                               "by_name, page 3:  [1024, 1536)", "free, pages 4-6:  [1536, 3072)",
                               "users, page 7:  [3072, 3584)"});
  CHECK(layout.regions[2].kind == RegionKind::kIndex);
  CHECK(layout.regions[3].kind == RegionKind::kFree);
}

TEST_CASE("a damaged SQLite database is noted, or read as far as it goes") {
  Bytes file = sample("small.sqlite");
  CHECK(layout_of(ByteView(file).first(50)).notes.size() == 1);
  CHECK(layout_of(ByteView(file).first(300)).notes.size() == 1);
  CHECK(layout_of(ByteView(file).first(1500)).regions.size() == 2);
  file[16] = std::byte{3};  // the page size
  CHECK(layout_of(file).notes.size() == 1);
}

TEST_CASE("compressed files are told that they do not dedupe") {
  const auto advised = [](ByteView content) {
    const ContentLayout layout = layout_of(content);
    CHECK((layout.format == ContentFormat::kCompressed) == (layout.advice.size() == 1));
    return layout.format == ContentFormat::kCompressed;
  };
  CHECK(advised(as_bytes(std::string_view("\x1f\x8b\x08 rest"))));
  CHECK(advised(as_bytes(std::string_view("\x28\xb5\x2f\xfd rest"))));
  CHECK(
      advised(as_bytes(std::string_view("\xfd"
                                        "7zXZ\0 rest",
                                        11))));
  CHECK(advised(as_bytes(std::string_view("BZh91AY&SY rest"))));
  CHECK(advised(as_bytes(std::string_view("7z\xbc\xaf\x27\x1c rest"))));
  CHECK(advised(as_bytes(std::string_view("\x04\x22\x4d\x18 rest"))));
  CHECK(advised(sample("deflated.zip")));
  CHECK_FALSE(advised(sample("stored.zip")));
  CHECK_FALSE(advised(as_bytes(std::string_view("BZh9 is a text"))));
  CHECK_FALSE(advised(as_bytes(std::string_view("PK\x03\x04 and nothing more"))));
}

TEST_CASE("other contents have no layout") {
  for (const std::string_view text :
       {"", "x", "{\"json\": 1}", "a text that is longer than magic"}) {
    const ContentLayout layout = layout_of_text(text);
    CHECK(layout.format == ContentFormat::kUnknown);
    CHECK(layout.regions.empty());
    CHECK(layout.notes.empty());
  }
}

TEST_CASE("a content that cannot be read is an error") {
  class Unreadable final : public ContentReader {
   public:
    std::uint64_t size() const override { return 100; }
    Status read(std::uint64_t, MutableBytes) const override { return unavailable("a bad disk"); }
  };
  CHECK(read_layout(Unreadable()).status().code() == StatusCode::kUnavailable);
}

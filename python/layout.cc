// core/: what lies where in a content of a known format.
#include <algorithm>
#include <array>
#include <cerrno>

#include "bindings.h"
#include "blocking.h"
#include "buffer.h"
#include "handle.h"
#include <hubdist/base/quantity.h>
#include <hubdist/core/content_layout.h>
#include <hubdist/io/file_content.h>

namespace hubdist::python {
namespace {

constexpr std::array kKinds = {RegionKind::kHeader,   RegionKind::kMetadata, RegionKind::kTensor,
                               RegionKind::kRowGroup, RegionKind::kColumn,   RegionKind::kTable,
                               RegionKind::kIndex,    RegionKind::kFree};
constexpr std::array kFormats = {ContentFormat::kUnknown, ContentFormat::kSafetensors,
                                 ContentFormat::kGguf,    ContentFormat::kParquet,
                                 ContentFormat::kSqlite,  ContentFormat::kCompressed};

// The value of an enumeration that has a name.
template <typename Values>
auto named(const Values& values, const std::string& text, std::string_view what) {
  std::string known;
  for (const auto value : values) {
    if (name(value) == text) return value;
    known += concat(known.empty() ? "" : ", ", '"', name(value), '"');
  }
  raise_status(invalid_argument("no ", what, " is \"", text, "\"; there are ", known));
}

class BufferReader final : public ContentReader {
 public:
  explicit BufferReader(ByteView bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Status read(std::uint64_t offset, MutableBytes out) const override {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset)
      return out_of_range("the buffer ends at ", bytes_.size());
    const ByteView found = bytes_.subspan(offset, out.size());
    std::copy(found.begin(), found.end(), out.begin());
    return {};
  }

 private:
  ByteView bytes_;
};

ContentLayout layout_of_buffer(const py::buffer& data) {
  const BufferBytes bytes(data);
  const auto read = [&] {
    const WithoutGil released;
    return read_layout(BufferReader(bytes.view()));
  };
  return unwrap(read());
}

Result<ContentLayout> layout_of_file(const Path& path) {
  HUBDIST_ASSIGN(const auto file, posix_file_system().open(path, OpenMode::kRead));
  HUBDIST_ASSIGN(const FileInfo info, file->info());
  if (info.type != FileType::kFile)
    return errno_status(info.type == FileType::kDirectory ? EISDIR : EINVAL, "read the layout of",
                        path.native());
  return read_layout(FileContent(*file, info.size));
}

py::typing::List<py::str> texts(const std::vector<std::string>& from) {
  py::list list;
  for (const std::string& text : from) list.append(to_str(text));
  return list;
}

using Range = std::pair<std::uint64_t, std::uint64_t>;

void bind_types(py::module_& m) {
  py::class_<Region>(m, "Region", "A part of a content that its format gives a name.")
      .def(py::init([](const std::string& kind, std::string name, Range range, std::string detail) {
             if (range.first > range.second)
               raise_status(invalid_argument("no range: ", range.first, " to ", range.second));
             return Region{named(kKinds, kind, "kind of region"),
                           std::move(name),
                           std::move(detail),
                           {range.first, range.second}};
           }),
           py::arg("kind"), py::arg("name"), py::arg("range"), py::arg("detail") = "")
      .def_property_readonly(
          "kind", [](const Region& r) { return std::string(name(r.kind)); },
          "\"header\", \"metadata\", \"tensor\", \"row group\", \"column\", \"table\", \"index\" "
          "or "
          "\"free\".")
      .def_property_readonly(
          "name", [](const Region& r) { return to_str(r.name); },
          "\"lm_head.weight\", \"row group 3, text\"; unique within the content.")
      .def_property_readonly(
          "detail", [](const Region& r) { return to_str(r.detail); },
          "\"bf16 [4096, 4096]\", \"snappy\"; may be empty.")
      .def_property_readonly(
          "range", [](const Region& r) { return Range(r.range.begin, r.range.end); },
          "The half-open range of bytes, (begin, end).")
      .def("__repr__", [](const Region& r) {
        return to_str(concat("<Region ", name(r.kind), " ", r.name, ": ", r.range.begin, " to ",
                             r.range.end, ">"));
      });
  py::class_<ContentLayout>(m, "ContentLayout", "What lies where in a content.")
      .def(py::init([](const std::string& format, std::vector<Region> regions) {
             return ContentLayout{named(kFormats, format, "format"), std::move(regions), {}, {}};
           }),
           py::arg("format") = "", py::arg("regions") = std::vector<Region>{})
      .def_property_readonly(
          "format", [](const ContentLayout& l) { return std::string(name(l.format)); },
          "\"safetensors\", \"GGUF\", \"Parquet\", \"SQLite\", \"compressed\", or empty.")
      .def_readonly("regions", &ContentLayout::regions,
                    "Sorted by range, disjoint; may leave gaps.")
      .def_property_readonly(
          "notes", [](const ContentLayout& l) { return texts(l.notes); },
          "A damaged header, parts left out: why regions are missing.")
      .def_property_readonly(
          "advice", [](const ContentLayout& l) { return texts(l.advice); },
          "How such a file would dedupe better, where that is certain.")
      .def("__repr__", [](const ContentLayout& l) {
        const bool known = l.format != ContentFormat::kUnknown;
        return concat("<ContentLayout ", known ? name(l.format) : "of no known format", ", ",
                      format_count(l.regions.size(), "region"), ">");
      });
}

}  // namespace

void bind_layout(py::module_& m) {
  bind_types(m);
  m.def("read_layout", &layout_of_buffer, py::arg("data"),
        "Recognises the format of a content and reads what lies where in it: the tensors of a "
        "safetensors or GGUF file, the columns of a Parquet file, the tables of a SQLite file.\n\n"
        "`data` is a path (str or os.PathLike) of a file, or the content itself in any contiguous "
        "buffer. Raises nothing on what the content says: what is damaged or too large is a note. "
        "May be called by many threads.");
  m.def(
      "read_layout",
      [](const Path& path) {
        return blocking([&](const std::stop_token&) { return layout_of_file(path); });
      },
      py::arg("path"));
}

}  // namespace hubdist::python

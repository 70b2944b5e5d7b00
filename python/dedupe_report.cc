// core/: what a comparison of versions found.
#include <algorithm>

#include "bindings.h"
#include "handle.h"
#include <hubdist/base/quantity.h>
#include <hubdist/core/dedupe_report.h>
#include <hubdist/core/merkle.h>

namespace hubdist::python {
namespace {

// A text that may hold bytes of a path.
template <typename T>
auto text_of(std::string T::*member) {
  return [member](const T& value) { return to_str(value.*member); };
}

template <typename T>
auto texts_of(std::vector<std::string> T::*member) {
  return [member](const T& value) {
    py::list texts;
    for (const std::string& text : value.*member) texts.append(to_str(text));
    return py::typing::List<py::str>(texts);
  };
}

using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

Ranges pairs_of(const std::vector<ByteRange>& ranges) {
  Ranges pairs;
  pairs.reserve(ranges.size());
  for (const ByteRange& range : ranges) pairs.emplace_back(range.begin, range.end);
  return pairs;
}

std::string describe(const DedupeNumbers& n) {
  std::string text = concat(format_bytes(n.size), ", ", format_bytes(n.new_bytes), " new, ",
                            format_bytes(n.xet_upload), " to upload");
  if (n.ratio() > 1) text += concat(" (", format_fixed(n.ratio(), 1), "x less)");
  return text;
}

std::string describe(const DedupeVersion& version) {
  const auto is_there = [](const DedupeFile& f) { return f.change != FileChange::kRemoved; };
  const auto files = std::count_if(version.files.begin(), version.files.end(), is_there);
  return concat(version.name, ": ", format_count(static_cast<std::uint64_t>(files), "file"), ", ",
                describe(version.numbers));
}

std::string describe(const DedupeReport& report) {
  std::string text = "<DedupeReport";
  for (const DedupeVersion& version : report.versions) text += concat("\n  ", describe(version));
  return text + ">";
}

void bind_numbers(py::module_& m) {
  py::class_<DedupeNumbers>(m, "DedupeNumbers",
                            "What a file or a version takes. Bytes and chunks are before "
                            "compression unless a name says otherwise.")
      .def_readonly("size", &DedupeNumbers::size, "Bytes.")
      .def_readonly("chunks", &DedupeNumbers::chunks)
      .def_readonly("new_bytes", &DedupeNumbers::new_bytes, "In chunks that nothing before held.")
      .def_readonly("new_chunks", &DedupeNumbers::new_chunks, "Each distinct one counted once.")
      .def_readonly("compressed", &DedupeNumbers::compressed,
                    "Bytes of the new chunks as they lie in xorbs, their headers included.")
      .def_readonly("xet_upload", &DedupeNumbers::xet_upload,
                    "Bytes that an upload to a Xet hub sends: xorbs and shards.")
      .def_readonly("lfs_upload", &DedupeNumbers::lfs_upload,
                    "Bytes that Git LFS sends: every file whose content is new, whole.")
      .def_property_readonly("ratio", &DedupeNumbers::ratio,
                             "size / xet_upload: how many times smaller the upload is; 0 when "
                             "nothing is sent.")
      .def("__repr__",
           [](const DedupeNumbers& n) { return concat("<DedupeNumbers ", describe(n), ">"); });
}

void bind_file(py::module_& m) {
  py::class_<RegionReport>(m, "RegionReport", "What is new in a region of a file.")
      .def_readonly("region", &RegionReport::region)
      .def_readonly("new_bytes", &RegionReport::new_bytes, "New bytes inside its range.")
      .def("__repr__", [](const RegionReport& r) {
        return to_str(
            concat("<RegionReport ", r.region.name, ": ", format_bytes(r.new_bytes), " new>"));
      });
  py::class_<DedupeFile>(m, "DedupeFile", "A file of a version.")
      .def_property_readonly("path", text_of(&DedupeFile::path),
                             "Inside its version; \"-\" for standard input.")
      .def_property_readonly(
          "change", [](const DedupeFile& f) { return std::string(name(f.change)); },
          "Against the version before: \"added\", \"unchanged\", \"changed\", \"renamed\" or "
          "\"removed\".")
      .def_property_readonly("previous_path", text_of(&DedupeFile::previous_path),
                             "Of a renamed file: where the same content, or most of it, was.")
      .def_readonly("numbers", &DedupeFile::numbers, "All 0 but `size` for a removed file.")
      .def_property_readonly(
          "file_hash", [](const DedupeFile& f) { return xet_hex(f.file_hash); },
          "The Xet file hash, in Xet's text form.")
      .def_property_readonly(
          "new_ranges", [](const DedupeFile& f) { return pairs_of(f.new_ranges); },
          "The half-open ranges of new bytes as (begin, end): sorted, neither touching nor "
          "overlapping.")
      .def_property_readonly(
          "format", [](const DedupeFile& f) { return std::string(name(f.format)); },
          "\"safetensors\", \"GGUF\", \"Parquet\", \"SQLite\", \"compressed\", or empty.")
      .def_readonly("regions", &DedupeFile::regions, "Of a known format, in file order.")
      .def_property_readonly("changed_regions", &DedupeFile::changed_regions,
                             "How many of `regions` hold new bytes.")
      .def_property_readonly("notes", texts_of(&DedupeFile::notes),
                             "What the reader should know: read as bytes because ...")
      .def_property_readonly("advice", texts_of(&DedupeFile::advice),
                             "How the file would dedupe better.")
      .def(
          "describe_changes",
          [](const DedupeFile& f, std::size_t most) { return to_str(describe_changes(f, most)); },
          py::arg("most") = 5,
          "\"3 of 291 tensors changed: lm_head.weight, ...\" with at most `most` names; empty "
          "without regions or without changes.")
      .def("__repr__", [](const DedupeFile& f) {
        return to_str(
            concat("<DedupeFile ", f.path, " ", name(f.change), ": ", describe(f.numbers), ">"));
      });
}

void bind_version(py::module_& m) {
  py::class_<DedupeVersion>(
      m, "DedupeVersion",
      "What is uploaded in one commit: a file, a folder or a snapshot. Counted against all "
      "versions before it; the first against a hub that knows nothing.")
      .def_property_readonly("name", text_of(&DedupeVersion::name),
                             "As it was given: a path, a URI or a name.")
      .def_readonly("commit", &DedupeVersion::commit, "Of a hub's snapshot, else empty.")
      .def_readonly("numbers", &DedupeVersion::numbers)
      .def_readonly("files", &DedupeVersion::files, "Sorted by path; removed ones among them.")
      .def("__repr__", [](const DedupeVersion& v) {
        return to_str(concat("<DedupeVersion ", describe(v), ">"));
      });
}

template <typename F>
auto rendered(F render) {
  return [render](const DedupeReport& report) {
    std::string text;
    {
      const WithoutGil released;
      text = render(report);
    }
    return to_str(text);
  };
}

}  // namespace

void bind_dedupe_report(py::module_& m) {
  m.attr("DEDUPE_SCHEMA_VERSION") = kDedupeSchemaVersion;
  bind_numbers(m);
  bind_file(m);
  bind_version(m);
  py::class_<DedupeReport>(m, "DedupeReport",
                           "What a comparison of versions found. Shows itself as a picture in a "
                           "notebook. Immutable, so that threads may share it; its parts keep it.")
      .def_readonly("versions", &DedupeReport::versions, "In the order of the comparison.")
      .def_property_readonly("assumptions", texts_of(&DedupeReport::assumptions),
                             "Whole sentences, for people.")
      .def_readonly("seconds", &DedupeReport::seconds, "Wall time of the comparison.")
      .def("to_json", rendered(to_json),
           "One JSON object, as docs/dedupe.md specifies it; `schema` inside is "
           "DEDUPE_SCHEMA_VERSION.")
      .def("to_html", rendered(to_html),
           "One self-contained HTML page: no network, light and dark, for keyboards and screen "
           "readers too.")
      .def("to_svg", rendered(to_svg), "The strips of all files as one SVG image.")
      .def("_repr_html_", rendered(to_html_fragment))
      .def("__repr__", [](const DedupeReport& r) { return to_str(describe(r)); });
}

}  // namespace hubdist::python

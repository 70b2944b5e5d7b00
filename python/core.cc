// core/: names, digests, patterns and pieces.
#include "bindings.h"
#include "buffer.h"
#include "handle.h"
#include <hubdist/core/digest.h>
#include <hubdist/core/glob.h>
#include <hubdist/core/hash.h>
#include <hubdist/core/identity.h>
#include <hubdist/core/merkle.h>
#include <hubdist/core/piece_map.h>
#include <hubdist/core/snapshot.h>
#include <hubdist/core/uri.h>

namespace hubdist::python {
namespace {

template <typename D>
std::optional<std::string> hex_of(const std::optional<D>& digest) {
  if (!digest) return std::nullopt;
  return digest->hex();
}

template <typename D>
std::optional<D> digest_of(const std::optional<std::string>& hex) {
  if (!hex) return std::nullopt;
  return unwrap(D::parse(*hex));
}

void bind_uri(py::module_& m) {
  py::class_<Uri>(
      m, "Uri",
      "The name of a thing to download: hf://org/model@rev/path and its kin. Immutable; "
      "str() writes the one canonical text.")
      .def(py::init([](const std::string& text) { return unwrap(parse_uri(text)); }),
           py::arg("text"))
      .def_readonly("scheme", &Uri::scheme_text, "\"hf\", \"s3\", or an application's own.")
      .def_property_readonly(
          "repo_type", [](const Uri& u) { return std::string(name(u.repo_type)); },
          "Hubs only: \"model\", \"dataset\" or \"space\".")
      .def_readonly("repo", &Uri::repo, "Hubs only: \"owner/name\" or \"name\".")
      .def_readonly("revision", &Uri::revision, "Decoded; empty means the hub's default.")
      .def_readonly("authority", &Uri::authority,
                    "host[:port] of a URL, bucket of an object store; empty for files and hubs.")
      .def_property_readonly(
          "path", [](const Uri& u) { return to_str(u.path); },
          "Decoded. Inside a repository or bucket: relative. A trailing '/' is kept: it asks for a "
          "folder. http(s): as written after the authority, still encoded.")
      .def_readonly("query", &Uri::query, "http(s) only, without '?'.")
      .def_property_readonly("is_hub", &Uri::is_hub)
      .def("__str__", [](const Uri& u) { return to_str(format_uri(u)); })
      .def("__repr__", [](const Uri& u) { return to_str(concat("Uri('", format_uri(u), "')")); })
      .def("__eq__",
           [](const Uri& a, const py::object& b) {
             return py::isinstance<Uri>(b) && a == b.cast<const Uri&>();
           })
      .def("__hash__", [](const Uri& u) { return py::hash(to_str(format_uri(u))); })
      .def(py::pickle(
          [](const Uri& u) { return py::make_tuple(to_str(format_uri(u))); },
          [](const py::tuple& t) { return unwrap(parse_uri(t[0].cast<std::string>())); }));
  m.def(
      "parse_uri", [](const std::string& text) { return unwrap(parse_uri(text)); }, py::arg("text"),
      "Reads a URI. Raises InvalidArgumentError (a ValueError) that names the text and what is "
      "wrong with it. A user name or password inside a URL is refused, and not repeated in the "
      "message: credentials never travel in URLs.");
  m.def(
      "format_uri", [](const Uri& uri) { return to_str(format_uri(uri)); }, py::arg("uri"),
      "Writes the one canonical text of a URI; parse_uri(format_uri(u)) == u.");
  m.def(
      "check_relative_path", [](const std::string& path) { check(check_relative_path(path)); },
      py::arg("path"),
      "Raises InvalidArgumentError unless `path` stays inside its folder: relative, no empty, "
      "\".\" "
      "or \"..\" segment, no NUL, no backslash, at most 4,096 bytes and 255 a segment.");
}

void bind_glob(py::module_& m) {
  m.def(
      "glob_match",
      [](const std::string& pattern, const std::string& path) { return glob_match(pattern, path); },
      py::arg("pattern"), py::arg("path"),
      "Whether the whole of a path matches a pattern as Python's fnmatch has it: '*' crosses '/', "
      "upper and lower case differ.");
  py::class_<PathFilter>(m, "PathFilter",
                         "Which paths of a repository are wanted: those that match a pattern of "
                         "`include` (None means all; an empty list matches nothing) and none of "
                         "`exclude`, with huggingface_hub's meaning: \"folder/\" is all in it.")
      .def(py::init([](std::optional<std::vector<std::string>> include,
                       std::optional<std::vector<std::string>> exclude) {
             PathFilter filter;
             filter.has_include = include.has_value();
             if (include) filter.include = *std::move(include);
             if (exclude) filter.exclude = *std::move(exclude);
             return filter;
           }),
           py::arg("include") = py::none(), py::arg("exclude") = py::none())
      .def(
          "matches", [](const PathFilter& f, const std::string& path) { return f.matches(path); },
          py::arg("path"));
}

void bind_identity(py::module_& m) {
  py::class_<Identity>(
      m, "Identity",
      "Every digest that an origin states for one content, in hexadecimal. Any may "
      "be missing; with none the content cannot be proved.")
      .def(py::init([](const std::optional<std::string>& sha256,
                       const std::optional<std::string>& git_sha1,
                       const std::optional<std::string>& md5,
                       const std::optional<std::string>& xet) {
             Identity identity;
             identity.sha256 = digest_of<Sha256>(sha256);
             identity.git_sha1 = digest_of<Sha1>(git_sha1);
             identity.md5 = digest_of<Md5>(md5);
             if (xet) identity.xet = unwrap(parse_xet_hex<XetHash>(*xet));
             return identity;
           }),
           py::kw_only(), py::arg("sha256") = py::none(), py::arg("git_sha1") = py::none(),
           py::arg("md5") = py::none(), py::arg("xet") = py::none())
      .def_property_readonly("sha256", [](const Identity& i) { return hex_of(i.sha256); })
      .def_property_readonly(
          "git_sha1", [](const Identity& i) { return hex_of(i.git_sha1); },
          "Names a content only inside one repository.")
      .def_property_readonly("md5", [](const Identity& i) { return hex_of(i.md5); })
      .def_property_readonly(
          "xet",
          [](const Identity& i) -> std::optional<std::string> {
            if (!i.xet) return std::nullopt;
            return xet_hex(*i.xet);
          },
          "The Xet file hash, in Xet's text form.")
      .def_property_readonly("provable", &Identity::provable)
      .def("__str__", &Identity::name)
      .def("__repr__", [](const Identity& i) { return concat("Identity('", i.name(), "')"); })
      .def("__eq__",
           [](const Identity& a, const py::object& b) {
             return py::isinstance<Identity>(b) && a == b.cast<const Identity&>();
           })
      .def(py::pickle(
          [](const Identity& i) {
            return py::make_tuple(hex_of(i.sha256), hex_of(i.git_sha1), hex_of(i.md5),
                                  hex_of(i.xet));
          },
          [](const py::tuple& t) {
            const auto digest = [&](std::size_t index) {
              return t[index].cast<std::optional<std::string>>();
            };
            return Identity{digest_of<Sha256>(digest(0)), digest_of<XetHash>(digest(3)),
                            digest_of<Sha1>(digest(1)), digest_of<Md5>(digest(2))};
          }));
  m.def(
      "parse_identity", [](const std::string& text) { return unwrap(parse_identity(text)); },
      py::arg("text"),
      "Reads a digest that a user gives: \"sha256:<64 hex digits>\", also "
      "\"git-sha1:\" and \"md5:\".");
  const auto digest = [&m](const char* name, auto function, const char* doc) {
    m.def(
        name,
        [function](const py::buffer& data) {
          const BufferBytes bytes(data);
          const WithoutGil released;
          return function(bytes.view()).hex();
        },
        py::arg("data"), doc);
  };
  digest("sha256", &sha256, "SHA-256 of bytes, in hexadecimal.");
  digest("git_sha1", &git_sha1, "The object id that git gives to a file, in hexadecimal.");
  digest("blake3", &blake3, "BLAKE3 of bytes, in hexadecimal.");
}

void bind_snapshot(py::module_& m) {
  py::class_<FileEntry>(m, "FileEntry", "One file of a snapshot.")
      .def(py::init([](std::string path, std::uint64_t size, const Identity& identity,
                       std::string etag, bool lfs) {
             return FileEntry{std::move(path), size, identity, std::move(etag), lfs};
           }),
           py::arg("path"), py::arg("size"), py::kw_only(), py::arg("identity") = Identity{},
           py::arg("etag") = "", py::arg("lfs") = false)
      .def_property_readonly("path", [](const FileEntry& f) { return to_str(f.path); })
      .def_readonly("size", &FileEntry::size, "Bytes.")
      .def_readonly("identity", &FileEntry::identity)
      .def_readonly("etag", &FileEntry::etag,
                    "The hub's name of the blob, and its file name in the cache.")
      .def_readonly("lfs", &FileEntry::lfs)
      .def("__repr__", [](const FileEntry& f) {
        return to_str(concat("FileEntry('", f.path, "', ", f.size, ")"));
      });
  py::class_<Snapshot>(m, "Snapshot", "A repository at one commit, as its hub lists it.")
      .def(py::init([](std::vector<FileEntry> files, std::string scope, std::string commit) {
             return Snapshot{std::move(scope), std::move(commit), std::move(files)};
           }),
           py::arg("files"), py::kw_only(), py::arg("scope") = "", py::arg("commit") = "")
      .def_readonly("scope", &Snapshot::scope, "Names the repository among all hubs.")
      .def_readonly("commit", &Snapshot::commit)
      .def_readonly("files", &Snapshot::files, "Sorted by path.")
      .def_property_readonly("total_size", &Snapshot::total_size, "Bytes.");
}

void bind_pieces(py::module_& m) {
  py::class_<UnitLayout>(m, "UnitLayout",
                         "The name and the shape of what nodes exchange: one blob cut into pieces "
                         "of one size, or a bundle of small blobs, each a piece.")
      .def(py::init([](std::string id, std::uint64_t size, std::uint64_t piece_size,
                       std::vector<std::uint64_t> piece_ends) {
             UnitLayout layout{std::move(id), size, piece_size, std::move(piece_ends)};
             check(check_layout(layout));
             return layout;
           }),
           py::arg("id"), py::arg("size"), py::arg("piece_size") = kMinPieceSize,
           py::arg("piece_ends") = std::vector<std::uint64_t>{})
      .def_readonly("id", &UnitLayout::id)
      .def_readonly("size", &UnitLayout::size, "Bytes.")
      .def_readonly("piece_size", &UnitLayout::piece_size, "Of a blob; 0 for a bundle.")
      .def_readonly("piece_ends", &UnitLayout::piece_ends,
                    "Of a bundle: where each member ends; else empty.")
      .def_property_readonly("piece_count", &UnitLayout::piece_count)
      .def_property_readonly("is_bundle", &UnitLayout::is_bundle)
      .def(
          "piece",
          [](const UnitLayout& u, std::size_t index) {
            if (index >= u.piece_count()) throw py::index_error("no such piece");
            const ByteRange range = u.piece(index);
            return std::make_pair(range.begin, range.end);
          },
          py::arg("index"), "The half-open range of bytes of a piece.")
      .def("__eq__", [](const UnitLayout& a, const py::object& b) {
        return py::isinstance<UnitLayout>(b) && a == b.cast<const UnitLayout&>();
      });
  m.def("piece_size_for", &piece_size_for, py::arg("snapshot_size"),
        "The power of two at or above size / 1024, from 1 to 4 MiB.");
  m.def(
      "make_units",
      [](const Snapshot& snapshot) {
        std::vector<UnitLayout> layouts;
        for (Unit& unit : make_piece_map(snapshot).units) layouts.push_back(std::move(unit.layout));
        return layouts;
      },
      py::arg("snapshot"),
      "How a snapshot is cut into what nodes exchange; every node that lists the same snapshot "
      "computes the same.");
}

}  // namespace

void bind_core(py::module_& m) {
  bind_uri(m);
  bind_glob(m);
  bind_identity(m);
  bind_snapshot(m);
  bind_pieces(m);
}

}  // namespace hubdist::python

// core/: the formats of Xet storage, for hubdist.xet.
#include <map>
#include <memory>

#include <pybind11/functional.h>

#include "bindings.h"
#include "buffer.h"
#include "handle.h"
#include <hubdist/core/reconstruction.h>
#include <hubdist/core/shard_builder.h>
#include <hubdist/core/shard_check.h>
#include <hubdist/core/xorb_builder.h>
#include <hubdist/core/xorb_verifier.h>

namespace hubdist::python {
namespace {

template <typename D>
D digest(const std::string& text) {
  return unwrap(parse_xet_hex<D>(text));
}

template <typename F>
auto without_gil(const py::buffer& data, F&& f) {
  const BufferBytes bytes(data);
  const WithoutGil released;
  return f(bytes.view());
}

std::vector<Bytes> unpack_chunks(ByteView bytes, Status& status) {
  std::vector<Bytes> out;
  ChunkSplitter splitter;
  Bytes buffer;
  while (!bytes.empty()) {
    const auto step = splitter.next(bytes);
    if (!step.ok()) return status = step.status(), out;
    if (step->footer) return out;
    if (step->chunk) {
      const auto raw = unpack_chunk(*step->chunk, buffer);
      if (!raw.ok()) return status = raw.status(), out;
      out.emplace_back(raw->begin(), raw->end());
    }
    bytes = bytes.subspan(step->taken);
  }
  if (!splitter.at_boundary()) status = invalid_argument("the bytes end inside a chunk");
  return out;
}

CompressionScheme scheme_of(const std::optional<std::string>& wanted, ByteView chunk) {
  if (!wanted) return choose_compression(chunk);
  for (const auto scheme :
       {CompressionScheme::kNone, CompressionScheme::kLz4, CompressionScheme::kByteGroupedLz4})
    if (name(scheme) == *wanted) return scheme;
  raise_status(invalid_argument("no compression scheme is called '", *wanted,
                                "': known are none, lz4 and bg4-lz4"));
}

std::vector<Chunk> chunks_of(const XorbIndex& index) {
  std::vector<Chunk> chunks;
  for (std::uint32_t i = 0; i < index.chunk_count(); ++i) chunks.push_back(index.chunk(i));
  return chunks;
}

void bind_xorb(py::module_& m) {
  py::class_<XorbIndex>(m, "XorbIndex", "What the footer of a xorb says.")
      .def_property_readonly("hash", [](const XorbIndex& x) { return xet_hex(x.hash); })
      .def_property_readonly("chunks", chunks_of)
      .def_property_readonly("raw_size", &XorbIndex::raw_size, "Bytes before compression.")
      .def_property_readonly("packed_size", &XorbIndex::packed_size,
                             "Bytes of all chunks with their headers, without a footer.")
      .def(
          "bytes_of",
          [](const XorbIndex& x, std::uint32_t begin, std::uint32_t end) {
            const ByteRange range = unwrap(x.bytes_of({begin, end}));
            return std::pair(range.begin, range.end);
          },
          py::arg("begin"), py::arg("end"),
          "Where the chunks [begin, end) lie in the xorb: the range of bytes to read.")
      .def(
          "footer",
          [](const XorbIndex& x) {
            Bytes out;
            append_xorb_footer(out, x);
            return to_bytes(out);
          },
          "A footer of version 1, with its length: what a stored xorb ends with.");
  m.def(
      "read_xorb_index",
      [](const py::buffer& data) { return unwrap(without_gil(data, read_xorb_index)); },
      py::arg("data"), "The index of a whole xorb with a footer of either version.");
  m.def(
      "verify_xorb",
      [](const py::buffer& data, const std::string& hash) {
        const auto expected = digest<XorbHash>(hash);
        return unwrap(
            without_gil(data, [&](ByteView bytes) { return verify_xorb(bytes, expected); }));
      },
      py::arg("data"), py::arg("hash"),
      "Checks each chunk of a xorb, its footer if it has one, and its hash; returns its index.");
  m.def(
      "unpack_chunks",
      [](const py::buffer& data) {
        Status status;
        const auto chunks =
            without_gil(data, [&](ByteView bytes) { return unpack_chunks(bytes, status); });
        check(status);
        std::vector<py::bytes> out;
        for (const Bytes& chunk : chunks) out.push_back(to_bytes(chunk));
        return out;
      },
      py::arg("data"), "The chunks of a xorb, or of a run of its chunks, decompressed.");
  py::class_<XorbBuilder>(m, "XorbBuilder", "Packs chunks into a xorb. Not thread-safe.")
      .def(py::init<>())
      .def("fits", &XorbBuilder::fits, py::arg("size"), "Whether a chunk of so many bytes fits.")
      .def(
          "add",
          [](XorbBuilder& self, const py::buffer& chunk, const std::optional<std::string>& scheme) {
            const BufferBytes held(chunk);
            const ByteView bytes = held.view();
            return unwrap(self.add(chunk_hash(bytes), bytes, scheme_of(scheme, bytes)));
          },
          py::arg("chunk"), py::arg("scheme") = std::nullopt,
          "Adds a chunk and returns its place. The scheme is 'none', 'lz4' or 'bg4-lz4'; None "
          "chooses by the bytes.")
      .def(
          "finish",
          [](XorbBuilder& self) {
            BuiltXorb xorb = unwrap(self.finish());
            return std::pair(to_bytes(xorb.bytes), std::move(xorb.index));
          },
          "The bytes of the xorb, without a footer, and its index. The builder is as new "
          "afterwards.");
}

// A shard and the bytes that it is a view of.
class OwnedShard {
 public:
  explicit OwnedShard(ByteView bytes)
      : bytes_(bytes.begin(), bytes.end()), shard_(unwrap(Shard::parse(bytes_))) {}
  OwnedShard(const OwnedShard&) = delete;
  OwnedShard& operator=(const OwnedShard&) = delete;
  const Shard& get() const { return shard_; }

 private:
  Bytes bytes_;
  Shard shard_;
};

using Indexes = std::vector<XorbIndex>;

XorbLookup lookup_in(const Indexes& indexes) {
  auto known = std::make_shared<std::map<XorbHash, std::shared_ptr<const XorbIndex>>>();
  for (const XorbIndex& index : indexes)
    known->emplace(index.hash, std::make_shared<const XorbIndex>(index));
  return [known](const XorbHash& hash) -> Result<std::shared_ptr<const XorbIndex>> {
    const auto at = known->find(hash);
    if (at == known->end()) return not_found("xorb ", xet_hex(hash), " is not among those given");
    return at->second;
  };
}

void check_against(const Shard& shard, const std::optional<Indexes>& xorbs) {
  check(check_shard(shard));
  if (!xorbs) return;
  const XorbLookup lookup = lookup_in(*xorbs);
  for (std::uint32_t i = 0; i < shard.file_count(); ++i) check(check_file(shard.file(i), lookup));
  for (std::uint32_t i = 0; i < shard.xorb_count(); ++i)
    check(check_xorb(shard.xorb(i), *unwrap(lookup(shard.xorb(i).hash()))));
}

void bind_records(py::module_& m) {
  py::class_<Term>(m, "Term", "A run of chunks of one xorb, as a part of a file.")
      .def(py::init([](const std::string& xorb, std::uint32_t begin, std::uint32_t end,
                       std::uint32_t size) {
             return Term{digest<XorbHash>(xorb), {begin, end}, size};
           }),
           py::arg("xorb"), py::arg("begin"), py::arg("end"), py::arg("size"))
      .def_property_readonly("xorb", [](const Term& t) { return xet_hex(t.xorb); })
      .def_property_readonly("begin", [](const Term& t) { return t.chunks.begin; })
      .def_property_readonly(
          "end", [](const Term& t) { return t.chunks.end; }, "Of the chunks, exclusive.")
      .def_readonly("size", &Term::raw_size, "Bytes before compression.")
      .def("__eq__", [](const Term& a, const py::object& b) {
        return py::isinstance<Term>(b) && a == b.cast<const Term&>();
      });
  py::class_<FileRecord>(m, "FileRecord", "A file as a shard tells it.")
      .def(py::init([](const std::string& hash, std::vector<Term> terms,
                       const std::vector<std::string>& range_hashes,
                       const std::optional<std::string>& sha256) {
             FileRecord file{digest<XetHash>(hash), std::move(terms), {}, {}};
             for (const std::string& text : range_hashes)
               file.range_hashes.push_back(digest<RangeHash>(text));
             if (sha256) file.sha256 = unwrap(Sha256::parse(*sha256));
             return file;
           }),
           py::arg("hash"), py::arg("terms"), py::arg("range_hashes"),
           py::arg("sha256") = std::nullopt)
      .def_property_readonly("hash", [](const FileRecord& f) { return xet_hex(f.hash); })
      .def_readonly("terms", &FileRecord::terms)
      .def_property_readonly("range_hashes",
                             [](const FileRecord& f) {
                               std::vector<std::string> out;
                               for (const RangeHash& h : f.range_hashes) out.push_back(xet_hex(h));
                               return out;
                             })
      .def_property_readonly(
          "sha256",
          [](const FileRecord& f) -> std::optional<std::string> {
            if (!f.sha256) return std::nullopt;
            return f.sha256->hex();
          },
          "As the uploader states it.");
  py::class_<XorbRecord>(m, "XorbRecord", "A xorb as a shard tells it.")
      .def_property_readonly("hash", [](const XorbRecord& x) { return xet_hex(x.hash); })
      .def_property_readonly(
          "chunks",
          [](const XorbRecord& x) {
            std::vector<Chunk> chunks;
            for (const ShardChunk& c : x.chunks) chunks.push_back({c.hash, c.raw_size});
            return chunks;
          },
          "Their hashes are keyed where the shard is.")
      .def_property_readonly(
          "global_chunks",
          [](const XorbRecord& x) {
            std::vector<std::size_t> marked;
            for (std::size_t i = 0; i < x.chunks.size(); ++i)
              if (x.chunks[i].global_dedupe) marked.push_back(i);
            return marked;
          },
          "The chunks that are marked for global deduplication.");
  m.def(
      "range_hash",
      [](const std::vector<std::string>& chunks) {
        std::vector<ChunkHash> hashes;
        for (const std::string& text : chunks) hashes.push_back(digest<ChunkHash>(text));
        return xet_hex(range_hash(hashes));
      },
      py::arg("chunks"), "The hash that proves knowledge of a term's chunks, from their hashes.");
}

void bind_shard(py::module_& m) {
  py::class_<OwnedShard>(m, "Shard", "A shard in upload or stored form.")
      .def(py::init([](const py::buffer& data) {
             const BufferBytes bytes(data);
             return std::make_unique<OwnedShard>(bytes.view());
           }),
           py::arg("data"))
      .def_property_readonly("files",
                             [](const OwnedShard& s) {
                               std::vector<FileRecord> out;
                               for (std::uint32_t i = 0; i < s.get().file_count(); ++i)
                                 out.push_back(make_record(s.get().file(i)));
                               return out;
                             })
      .def_property_readonly("xorbs",
                             [](const OwnedShard& s) {
                               std::vector<XorbRecord> out;
                               for (std::uint32_t i = 0; i < s.get().xorb_count(); ++i)
                                 out.push_back(make_record(s.get().xorb(i)));
                               return out;
                             })
      .def_property_readonly(
          "stored", [](const OwnedShard& s) { return s.get().footer().has_value(); },
          "Whether it has a footer.")
      .def_property_readonly(
          "created",
          [](const OwnedShard& s) { return s.get().footer().value_or(ShardFooter{}).created; },
          "Seconds since 1970, as the footer states it.")
      .def_property_readonly(
          "key_expiry",
          [](const OwnedShard& s) { return s.get().footer().value_or(ShardFooter{}).key_expiry; },
          "Seconds since 1970, as the footer states it.")
      .def_property_readonly(
          "lookup_count", [](const OwnedShard& s) { return s.get().chunk_lookup_count(); },
          "Entries of the chunks' lookup table.")
      .def(
          "find_chunk",
          [](const OwnedShard& s, const std::string& hash) {
            std::vector<std::pair<std::string, std::uint32_t>> out;
            for (const auto& place : s.get().find_chunk(digest<ChunkHash>(hash), 16))
              out.emplace_back(xet_hex(s.get().xorb(place.xorb).hash()), place.chunk);
            return out;
          },
          py::arg("hash"), "Up to 16 places of a chunk: the xorb and the chunk's place in it.")
      .def(
          "check",
          [](const OwnedShard& s, const std::optional<Indexes>& xorbs) {
            check_against(s.get(), xorbs);
          },
          py::arg("xorbs") = std::nullopt,
          "Raises unless everything in it agrees; with the indexes of all its xorbs, also against "
          "those.");
  py::class_<ShardBuilder>(m, "ShardBuilder", "Writes shards. Not thread-safe.")
      .def(py::init<>())
      .def(
          "add_file", [](ShardBuilder& self, FileRecord file) { check(self.add(std::move(file))); },
          py::arg("file"))
      .def(
          "add_xorb", [](ShardBuilder& self, XorbRecord xorb) { check(self.add(std::move(xorb))); },
          py::arg("xorb"))
      .def(
          "add_xorb",
          [](ShardBuilder& self, const XorbIndex& index) { check(self.add(make_record(index))); },
          py::arg("xorb"))
      .def(
          "mark_global",
          [](ShardBuilder& self, const std::string& xorb, std::uint32_t chunk) {
            self.mark_global(digest<XorbHash>(xorb), chunk);
          },
          py::arg("xorb"), py::arg("chunk"))
      .def("upload_form",
           [](const ShardBuilder& self) { return to_bytes(unwrap(self.upload_form())); })
      .def(
          "stored_form",
          [](const ShardBuilder& self, std::uint64_t created, std::uint64_t key_expiry,
             const std::optional<py::bytes>& key, bool with_files, bool with_lookups) {
            ShardBuilder::Stored how{created, key_expiry, {}, with_files, with_lookups};
            if (key) {
              const std::string_view text = *key;
              if (text.size() != how.key.size())
                raise_status(invalid_argument("a key has 32 bytes, not ", text.size()));
              const ByteView bytes = as_bytes(text);
              std::copy(bytes.begin(), bytes.end(), how.key.begin());
            }
            return to_bytes(unwrap(self.stored_form(how)));
          },
          py::arg("created") = 0, py::arg("key_expiry") = kNeverExpires,
          py::arg("key") = std::nullopt, py::arg("with_files") = true,
          py::arg("with_lookups") = true);
}

using RangeTuple = std::tuple<std::uint32_t, std::uint32_t, std::uint64_t, std::uint64_t>;

std::vector<RangeTuple> tuples(std::span<const FetchRange> ranges) {
  std::vector<RangeTuple> out;
  for (const auto& [chunks, bytes] : ranges)
    out.emplace_back(chunks.begin, chunks.end, bytes.begin, bytes.end);
  return out;
}

void bind_reconstruction(py::module_& m) {
  py::class_<Reconstruction>(m, "Reconstruction", "Where the bytes of a file, or a range, are.")
      .def_readonly("offset_into_first_range", &Reconstruction::offset_into_first_range)
      .def_readonly("terms", &Reconstruction::terms)
      .def_property_readonly("size", &Reconstruction::size,
                             "Bytes in the terms, from the offset on.")
      .def_property_readonly(
          "fetches",
          [](const Reconstruction& r) {
            std::map<std::string, std::vector<std::pair<std::string, std::vector<RangeTuple>>>> out;
            for (const auto& [xorb, fetches] : r.xorbs)
              for (const Fetch& fetch : fetches)
                out[xet_hex(xorb)].emplace_back(fetch.url, tuples(fetch.ranges));
            return out;
          },
          "For each xorb its URLs, each with ranges (first chunk, end, first byte, end).")
      .def(
          "to_json",
          [](const Reconstruction& r, int version) {
            if (version != 1 && version != 2)
              raise_status(invalid_argument("there is no version ", version));
            return version == 1 ? write_reconstruction_v1(r) : write_reconstruction_v2(r);
          },
          py::arg("version") = 2);
  m.def(
      "parse_reconstruction",
      [](const std::string& json) { return unwrap(parse_reconstruction(json)); }, py::arg("json"),
      "Reads an answer of either version; raises when it is impossible.");
  m.def(
      "plan_reconstruction",
      [](const std::vector<Term>& terms, const Indexes& xorbs,
         const std::function<std::string(std::string, std::vector<RangeTuple>)>& url_of,
         std::optional<std::pair<std::uint64_t, std::uint64_t>> range, std::size_t ranges_per_url) {
        if (ranges_per_url == 0) raise_status(invalid_argument("a URL has at least one range"));
        const ReconstructionPlanner planner(
            lookup_in(xorbs),
            [&](const XorbHash& xorb, std::span<const FetchRange> ranges) {
              return url_of(xet_hex(xorb), tuples(ranges));
            },
            ranges_per_url);
        std::optional<ByteRange> wanted;
        if (range) wanted = ByteRange{range->first, range->second};
        return unwrap(planner.plan(terms, wanted));
      },
      py::arg("terms"), py::arg("xorbs"), py::arg("url_of"), py::arg("range") = std::nullopt,
      py::arg("ranges_per_url") = 64,
      "The answer for the bytes [begin, end) of a file, or for all of it. `url_of` gives the URL "
      "for some ranges of a xorb, as `Reconstruction.fetches` has them.");
}

}  // namespace

void bind_xet(py::module_& m) {
  bind_xorb(m);
  bind_records(m);
  bind_shard(m);
  bind_reconstruction(m);
}

}  // namespace hubdist::python

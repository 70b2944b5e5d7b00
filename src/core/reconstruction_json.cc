#include <algorithm>
#include <limits>

#include <simdjson.h>

#include <hubdist/base/json_writer.h>
#include <hubdist/core/reconstruction.h>

// Version 1: {"offset_into_first_range": n, "terms": [TERM...], "fetch_info": {XORB: [{"range":
// CHUNKS, "url": "...", "url_range": BYTES}...]}}. Version 2 has, instead of fetch_info, "xorbs":
// {XORB: [{"url": "...", "ranges": [{"chunks": CHUNKS, "bytes": BYTES}...]}...]}. TERM is {"hash":
// XORB, "unpacked_length": n, "range": CHUNKS}. CHUNKS and BYTES are {"start": n, "end": n}; the
// end of CHUNKS is exclusive, the end of BYTES inclusive, as in HTTP. XORB is 64 hexadecimal
// digits.

namespace hubdist {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

Status wrong(std::string_view problem) {
  return invalid_argument("this is no reconstruction: ", problem);
}

template <typename T>
Result<T> field(const object& from, const char* name) {
  T value;
  if (from[name].get(value) != simdjson::SUCCESS)
    return wrong(concat("'", name, "' is missing or of another type"));
  return value;
}

Result<std::uint64_t> number(const object& from, const char* name, std::uint64_t most) {
  HUBDIST_ASSIGN(const auto value, field<std::uint64_t>(from, name));
  if (value > most)
    return wrong(concat("'", name, "' is ", value, ", at most ", most, " is allowed"));
  return value;
}

Result<XorbHash> hash(std::string_view text) {
  auto parsed = parse_xet_hex<XorbHash>(text);
  if (!parsed.ok()) return wrong("the hash of a xorb has 64 hexadecimal digits");
  return parsed;
}

Result<ChunkRange> chunks(const object& from, const char* name) {
  HUBDIST_ASSIGN(const auto range, field<object>(from, name));
  HUBDIST_ASSIGN(const auto begin, number(range, "start", kMaxXorbChunks));
  HUBDIST_ASSIGN(const auto end, number(range, "end", kMaxXorbChunks));
  return ChunkRange{static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
}

Result<ByteRange> bytes(const object& from, const char* name) {
  HUBDIST_ASSIGN(const auto range, field<object>(from, name));
  HUBDIST_ASSIGN(const auto begin, number(range, "start", kMaxXorbPackedSize));
  HUBDIST_ASSIGN(const auto last, number(range, "end", kMaxXorbPackedSize));
  return ByteRange{begin, last + 1};
}

Result<Term> parse_term(const element& item) {
  object from;
  if (item.get(from) != simdjson::SUCCESS) return wrong("a term is no object");
  HUBDIST_ASSIGN(const auto text, field<std::string_view>(from, "hash"));
  HUBDIST_ASSIGN(const XorbHash xorb, hash(text));
  HUBDIST_ASSIGN(const ChunkRange range, chunks(from, "range"));
  HUBDIST_ASSIGN(const std::uint64_t size,
                 number(from, "unpacked_length", std::numeric_limits<std::uint32_t>::max()));
  return Term{xorb, range, static_cast<std::uint32_t>(size)};
}

Result<FetchRange> parse_range(const object& from, const char* chunks_name,
                               const char* bytes_name) {
  HUBDIST_ASSIGN(const ChunkRange in_chunks, chunks(from, chunks_name));
  HUBDIST_ASSIGN(const ByteRange in_bytes, bytes(from, bytes_name));
  return FetchRange{in_chunks, in_bytes};
}

Result<Fetch> parse_fetch(const element& item, bool v2) {
  object from;
  if (item.get(from) != simdjson::SUCCESS) return wrong("an entry of a xorb is no object");
  HUBDIST_ASSIGN(const auto url, field<std::string_view>(from, "url"));
  if (url.size() > kMaxFetchUrlSize)
    return wrong(
        concat("a URL has ", url.size(), " bytes, at most ", kMaxFetchUrlSize, " are allowed"));
  Fetch fetch{std::string(url), {}};
  if (!v2) {
    HUBDIST_ASSIGN(fetch.ranges.emplace_back(), parse_range(from, "range", "url_range"));
    return fetch;
  }
  HUBDIST_ASSIGN(const auto ranges, field<array>(from, "ranges"));
  for (const element range : ranges) {
    object inside;
    if (range.get(inside) != simdjson::SUCCESS) return wrong("a range is no object");
    HUBDIST_ASSIGN(fetch.ranges.emplace_back(), parse_range(inside, "chunks", "bytes"));
  }
  return fetch;
}

Status parse_xorbs(const object& from, bool v2, Reconstruction& answer) {
  for (const auto [key, value] : from) {
    HUBDIST_ASSIGN(const XorbHash xorb, hash(key));
    array entries;
    if (value.get(entries) != simdjson::SUCCESS) return wrong("the entries of a xorb are no array");
    const auto [at, added] = answer.xorbs.try_emplace(xorb);
    if (!added) return wrong(concat("xorb ", xet_hex(xorb), " comes twice"));
    for (const element entry : entries) {
      HUBDIST_ASSIGN(at->second.emplace_back(), parse_fetch(entry, v2));
    }
    // Nothing says in which order the entries of version 1 come.
    std::stable_sort(at->second.begin(), at->second.end(), [](const Fetch& a, const Fetch& b) {
      return !a.ranges.empty() && !b.ranges.empty() && a.ranges.front() < b.ranges.front();
    });
  }
  return {};
}

void write_chunks(JsonWriter& json, std::string_view name, ChunkRange range) {
  json.key(name).begin_object().field("start", range.begin).field("end", range.end).end_object();
}

void write_bytes(JsonWriter& json, std::string_view name, ByteRange range) {
  json.key(name)
      .begin_object()
      .field("start", range.begin)
      .field("end", range.end - 1)
      .end_object();
}

void write_terms(JsonWriter& json, std::span<const Term> terms) {
  json.begin_array();
  for (const Term& term : terms) {
    json.begin_object().field("hash", xet_hex(term.xorb)).field("unpacked_length", term.raw_size);
    write_chunks(json, "range", term.chunks);
    json.end_object();
  }
  json.end_array();
}

void write_fetch_info(JsonWriter& json, const std::map<XorbHash, std::vector<Fetch>>& xorbs) {
  json.key("fetch_info").begin_object();
  for (const auto& [xorb, fetches] : xorbs) {
    json.key(xet_hex(xorb)).begin_array();
    for (const Fetch& fetch : fetches) {
      for (const FetchRange& range : fetch.ranges) {
        json.begin_object();
        write_chunks(json, "range", range.chunks);
        json.field("url", fetch.url);
        write_bytes(json, "url_range", range.bytes);
        json.end_object();
      }
    }
    json.end_array();
  }
  json.end_object();
}

void begin_answer(JsonWriter& json, const Reconstruction& answer) {
  json.begin_object().field("offset_into_first_range", answer.offset_into_first_range);
  json.key("terms");
  write_terms(json, answer.terms);
}

}  // namespace

Result<Reconstruction> parse_reconstruction(std::string_view json) {
  if (json.size() > kMaxReconstructionSize)
    return wrong(concat("it has ", json.size(), " bytes, at most ", kMaxReconstructionSize,
                        " are read: ask for a range"));
  if (json.empty()) return wrong("it is empty");
  simdjson::dom::parser parser;
  object root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS)
    return wrong("it is no JSON object");
  Reconstruction answer;
  HUBDIST_ASSIGN(answer.offset_into_first_range,
                 number(root, "offset_into_first_range", kMaxXorbChunks * kMaxChunkSize));
  HUBDIST_ASSIGN(const auto terms, field<array>(root, "terms"));
  for (const element term : terms) {
    HUBDIST_ASSIGN(answer.terms.emplace_back(), parse_term(term));
  }
  object xorbs;
  const bool v2 = root["xorbs"].get(xorbs) == simdjson::SUCCESS;
  if (!v2) {
    HUBDIST_ASSIGN(xorbs, field<object>(root, "fetch_info"));
  }
  HUBDIST_TRY(parse_xorbs(xorbs, v2, answer));
  HUBDIST_TRY(check_reconstruction(answer));
  return answer;
}

std::string write_reconstruction_v1(const Reconstruction& answer) {
  JsonWriter json;
  begin_answer(json, answer);
  write_fetch_info(json, answer.xorbs);
  return json.end_object().take();
}

std::string write_reconstruction_v2(const Reconstruction& answer) {
  JsonWriter json;
  begin_answer(json, answer);
  json.key("xorbs").begin_object();
  for (const auto& [xorb, fetches] : answer.xorbs) {
    json.key(xet_hex(xorb)).begin_array();
    for (const Fetch& fetch : fetches) {
      json.begin_object().field("url", fetch.url).key("ranges").begin_array();
      for (const FetchRange& range : fetch.ranges) {
        json.begin_object();
        write_chunks(json, "chunks", range.chunks);
        write_bytes(json, "bytes", range.bytes);
        json.end_object();
      }
      json.end_array().end_object();
    }
    json.end_array();
  }
  return json.end_object().end_object().take();
}

std::string write_batch_reconstruction(const BatchReconstruction& answer) {
  JsonWriter json;
  json.begin_object().key("files").begin_object();
  for (const auto& [file, terms] : answer.files) {
    json.key(xet_hex(file));
    write_terms(json, terms);
  }
  json.end_object();
  write_fetch_info(json, answer.xorbs);
  return json.end_object().take();
}

}  // namespace hubdist

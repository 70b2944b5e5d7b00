#include <hubdist/base/json_writer.h>
#include <hubdist/core/dedupe_report.h>
#include <hubdist/core/merkle.h>

namespace hubdist {
namespace {

void write_texts(JsonWriter& json, std::string_view key, const std::vector<std::string>& texts) {
  json.key(key).begin_array();
  for (const std::string& text : texts) json.value(text);
  json.end_array();
}

void write_numbers(JsonWriter& json, const DedupeNumbers& n) {
  json.field("size", n.size).field("chunks", n.chunks);
  json.field("new_bytes", n.new_bytes).field("new_chunks", n.new_chunks);
  json.field("compressed", n.compressed);
  json.field("xet_upload", n.xet_upload).field("lfs_upload", n.lfs_upload);
  json.key("ratio");
  n.xet_upload == 0 ? json.null() : json.value(n.ratio());
}

void write_region(JsonWriter& json, const RegionReport& report) {
  const Region& region = report.region;
  json.begin_object().field("kind", name(region.kind)).field("name", region.name);
  if (!region.detail.empty()) json.field("detail", region.detail);
  json.field("begin", region.range.begin).field("end", region.range.end);
  json.field("new_bytes", report.new_bytes).end_object();
}

void write_file(JsonWriter& json, const DedupeFile& file) {
  json.begin_object().field("path", file.path).field("change", name(file.change));
  if (!file.previous_path.empty()) json.field("previous_path", file.previous_path);
  write_numbers(json, file.numbers);
  const bool removed = file.change == FileChange::kRemoved;
  if (!removed) json.field("file_hash", xet_hex(file.file_hash));
  json.key("new_ranges").begin_array();
  for (const ByteRange& range : file.new_ranges)
    json.begin_array().value(range.begin).value(range.end).end_array();
  json.end_array();
  if (file.format != ContentFormat::kUnknown) json.field("format", name(file.format));
  if (const std::string changes = describe_changes(file); !changes.empty())
    json.field("changes", changes);
  json.key("regions").begin_array();
  for (const RegionReport& region : file.regions) write_region(json, region);
  json.end_array();
  write_texts(json, "notes", file.notes);
  write_texts(json, "advice", file.advice);
  json.end_object();
}

}  // namespace

std::string to_json(const DedupeReport& report) {
  JsonWriter json;
  json.begin_object().field("schema", kDedupeSchemaVersion);
  DedupeNumbers total;
  json.key("versions").begin_array();
  for (const DedupeVersion& version : report.versions) {
    json.begin_object().field("name", version.name);
    if (!version.commit.empty()) json.field("commit", version.commit);
    write_numbers(json, version.numbers);
    json.key("files").begin_array();
    for (const DedupeFile& file : version.files) write_file(json, file);
    json.end_array().end_object();
    total += version.numbers;
  }
  json.end_array();
  json.key("total").begin_object();
  write_numbers(json, total);
  json.end_object();
  write_texts(json, "assumptions", report.assumptions);
  json.field("seconds", report.seconds).end_object();
  return json.take();
}

}  // namespace hubdist

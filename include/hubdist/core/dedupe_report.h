// What a comparison of versions found, and its pictures: text that a program, a person or a browser
// reads. The numbers come from DedupeEstimator (dedupe_estimator.h).
//
// A version is what is uploaded in one commit: a file, a folder or a snapshot. Versions are counted
// in their order, each against all before it; the first against a hub that knows nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hubdist/base/bytes.h>
#include <hubdist/core/content_layout.h>
#include <hubdist/core/identity.h>

namespace hubdist {

// Bytes and chunks are before compression unless a name says otherwise.
struct DedupeNumbers {
  std::uint64_t size = 0;
  std::uint64_t chunks = 0;
  std::uint64_t new_bytes = 0;   // in chunks that nothing before held
  std::uint64_t new_chunks = 0;  // each distinct one counted once
  std::uint64_t compressed = 0;  // the new chunks as they lie in xorbs, their headers included
  std::uint64_t xet_upload = 0;  // what an upload to a Xet hub sends: xorbs and shards
  std::uint64_t lfs_upload = 0;  // what Git LFS sends: every file whose content is new, whole

  // size / xet_upload: how many times smaller the upload is; 0 when nothing is sent.
  double ratio() const {
    return xet_upload == 0 ? 0 : static_cast<double>(size) / static_cast<double>(xet_upload);
  }
  DedupeNumbers& operator+=(const DedupeNumbers& more);
};

// How a file relates to the version before.
enum class FileChange { kAdded, kUnchanged, kChanged, kRenamed, kRemoved };
std::string_view name(FileChange change);  // "added", "unchanged", ...

struct RegionReport {
  Region region;
  std::uint64_t new_bytes = 0;  // new bytes inside its range
};

struct DedupeFile {
  std::string path;  // inside its version, UTF-8 as far as possible; "-" for standard input
  FileChange change = FileChange::kAdded;
  std::string previous_path;  // kRenamed: where the same content, or most of it, was
  DedupeNumbers numbers;      // all zero but `size` for kRemoved
  XetHash file_hash;
  std::vector<ByteRange> new_ranges;  // sorted, neither touching nor overlapping
  ContentFormat format = ContentFormat::kUnknown;
  std::vector<RegionReport> regions;      // of a known format, in file order
  std::vector<std::string> notes;         // what the reader should know: read as bytes because ...
  std::vector<std::string> advice;        // how it would dedupe better
  std::uint64_t changed_regions() const;  // of `regions`: those with new bytes
};

struct DedupeVersion {
  std::string name;    // as the user gave it: a path or a URI
  std::string commit;  // of a hub's snapshot, else empty
  DedupeNumbers numbers;
  std::vector<DedupeFile> files;  // sorted by path; removed ones among them
};

struct DedupeReport {
  std::vector<DedupeVersion> versions;
  std::vector<std::string> assumptions;  // whole sentences, for people
  double seconds = 0;                    // wall time of the comparison
};

// "3 of 291 tensors changed: lm_head.weight, ..." (at most `most` names); empty without regions or
// without changes.
std::string describe_changes(const DedupeFile& file, std::size_t most = 5);

// The JSON form, one object; docs/dedupe.md specifies it. `schema` inside names its version.
inline constexpr int kDedupeSchemaVersion = 1;
std::string to_json(const DedupeReport& report);

// One self-contained HTML page: no network, no external resource, light and dark, usable with a
// keyboard and a screen reader. Names are escaped.
std::string to_html(const DedupeReport& report);
// The same picture as a fragment without <html>, for notebooks: its styles touch nothing else.
std::string to_html_fragment(const DedupeReport& report);
// The strips of all files as one SVG image with a title for each range.
std::string to_svg(const DedupeReport& report);

}  // namespace hubdist

// What a node serves and where it puts what it gets: files at their paths, and files that are being
// received.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "client/internal/content_download.h"
#include "client/internal/origin.h"
#include <hubdist/core/piece_map.h>
#include <hubdist/exchange/content.h>

namespace hubdist::internal {

// Thread-safe. A unit stays known as long as this lives; its members come and go.
class ExchangeContent final : public Content {
 public:
  explicit ExchangeContent(FileSystem& fs) : fs_(fs) {}

  // Makes a unit known, or, known already, learns from where else it can be read.
  void know(const Unit& unit, const Snapshot& snapshot, const Origin& origin);
  // From now on the member's bytes go to `download`, which is also read from.
  void receive(std::string_view unit, std::size_t member,
               const std::shared_ptr<ContentDownload>& download);
  // Waits for writes under way; afterwards there are none.
  void stop_receiving(std::string_view unit, std::size_t member);
  // The member is the whole file at `path`, hashed when it looked like `info`.
  void serve_file(std::string_view unit, std::size_t member, Path path, const FileInfo& info);
  struct ServedFile {
    Path path;
    FileInfo info;  // what it looked like when it was proved
  };
  // The file that a member is served from, if any.
  std::optional<ServedFile> file_of(std::string_view unit, std::size_t member) const;
  // The bytes of members that are files.
  RangeSet files_of(std::string_view unit) const;

  Status read(std::string_view unit, std::uint64_t offset, MutableBytes out) override;
  Status write(std::string_view unit, std::uint64_t offset, ByteView bytes, Source source) override;
  Status read_origin(std::string_view unit, ByteRange range,
                     const std::function<Status(ByteView)>& sink, std::stop_token stop) override;

 private:
  struct Member {
    std::uint64_t offset = 0;  // inside the unit
    FileEntry file;
    std::shared_ptr<ContentDownload> download;  // while bytes may be written
    std::shared_ptr<PartialFile> partial;
    std::optional<ServedFile> served;
    ByteRange range() const { return {offset, offset + file.size}; }
  };
  struct UnitState {
    mutable std::shared_mutex mutex;  // shared while bytes are written
    Origin origin;
    std::vector<Member> members;  // by offset
    Member* at(std::uint64_t offset);
  };
  // Where held bytes of a member lie.
  struct Place {
    std::shared_ptr<PartialFile> partial;
    std::optional<ServedFile> served;
    std::uint64_t offset = 0;  // inside the member
    std::uint64_t left = 0;    // from there to its end
  };
  std::shared_ptr<UnitState> find(std::string_view unit) const;
  Result<Place> find_held(UnitState& state, std::string_view unit, std::uint64_t offset);
  Status read_member(const Place& place, MutableBytes out);

  FileSystem& fs_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<UnitState>, std::less<>> units_;
};

}  // namespace hubdist::internal

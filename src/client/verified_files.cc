#include "client/internal/verified_files.h"

#include <hubdist/core/hash.h>

namespace hubdist::internal {
namespace {

constexpr std::size_t kCheckDigits = 8;

std::string check_of(std::string_view text) {
  return blake3(as_bytes(text)).hex().substr(0, kCheckDigits);
}

std::string facts_of(const Identity& identity, const FileInfo& info) {
  return concat(info.size, ' ', info.device, ' ', info.inode, ' ', info.mtime_ns, ' ',
                identity.name());
}

// The position of the space behind the facts: five words.
std::size_t end_of_facts(std::string_view text) {
  std::size_t at = 0;
  for (int words = 0; words < 5; ++words) {
    at = text.find(' ', words == 0 ? 0 : at + 1);
    if (at == text.npos) break;
  }
  return at;
}

}  // namespace

VerifiedFiles::VerifiedFiles(FileSystem& fs, Path record) : fs_(fs), record_(std::move(record)) {
  load();
}

void VerifiedFiles::load() {
  auto text = read_file(fs_, record_, kMaxSize);
  if (!text.ok()) {
    if (text.status().code() != StatusCode::kNotFound) (void)fs_.remove(record_);
    return;
  }
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    if (line.size() <= kCheckDigits + 1 || line[kCheckDigits] != ' ') continue;
    const std::string_view body = line.substr(kCheckDigits + 1);
    const std::size_t facts = end_of_facts(body);
    if (facts == body.npos || line.substr(0, kCheckDigits) != check_of(body)) continue;
    lines_[std::string(body.substr(facts + 1))] = body.substr(0, facts);
  }
}

bool VerifiedFiles::contains(const Path& path, const Identity& identity,
                             const FileInfo& info) const {
  const std::lock_guard lock(mutex_);
  const auto found = lines_.find(path.native());
  return found != lines_.end() && found->second == facts_of(identity, info);
}

void VerifiedFiles::add(const Path& path, const Identity& identity, const FileInfo& info) {
  if (!identity.provable() || path.native().find('\n') != std::string::npos) return;
  const std::string facts = facts_of(identity, info);
  const std::lock_guard lock(mutex_);
  lines_[path.native()] = facts;
  const std::string body = concat(facts, ' ', path.native());
  append(concat(check_of(body), ' ', body, '\n'));
}

// Best effort: without the record files are hashed again.
void VerifiedFiles::append(const std::string& line) {
  if (!fs_.make_directories(record_.parent_path()).ok()) return;
  auto file = fs_.open(record_, OpenMode::kCreate);
  if (!file.ok()) return;
  const auto info = (*file)->info();
  if (info.ok()) (void)(*file)->pwrite(as_bytes(line), info->size);
}

}  // namespace hubdist::internal

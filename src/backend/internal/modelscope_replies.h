// ModelScope's answers, parsed: listings, commits and errors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <hubdist/backend/backend.h>
#include <hubdist/io/http_client.h>

namespace hubdist::internal {

struct ModelScopeListing {
  std::vector<ObjectEntry> files;
  std::vector<std::string> folders;
  std::string first;                   // the path of the first entry, whichever it is
  std::optional<std::uint64_t> total;  // of all pages, where the hub tells
  std::size_t entries() const { return files.size() + folders.size(); }
};

// An answer of repo/files or repo/tree. DataLoss when it is none, or states what cannot be; the
// Status of its own error where it carries one. Paths are not checked.
Result<ModelScopeListing> parse_modelscope_listing(std::string_view json, std::string_view what);

// The newest commit of an answer of commits; nothing when it names none.
std::optional<std::string> parse_modelscope_commit(std::string_view json);

// The Status of an answer that is no success; `body`: what came with it, of which the message is
// passed on.
Status status_of_modelscope(const HttpResponse& response, std::string_view body,
                            std::string_view what);

}  // namespace hubdist::internal

// Which backend speaks a URI's scheme.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <hubdist/backend/backend.h>

namespace hubdist {

// Thread-safe.
class BackendRegistry {
 public:
  // Adds a backend, or replaces the one of that scheme. `scheme` is without "://": letters, digits,
  // '+', '-', '.', beginning with a letter, in either case; InvalidArgument otherwise.
  Status add(std::string scheme, std::shared_ptr<Backend> backend);
  // Unimplemented, naming the scheme, when none is there.
  Result<std::shared_ptr<Backend>> find(const Uri& uri) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Backend>, std::less<>> backends_;
};

}  // namespace hubdist

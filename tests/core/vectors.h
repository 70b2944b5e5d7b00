// The files of known answers beside this one, as JSON.
#pragma once

#include <stdexcept>
#include <string>

#include <simdjson.h>

namespace hubdist::testing {

class Vectors {
 public:
  explicit Vectors(const std::string& file) {
    const std::string path = std::string(HUBDIST_CORE_VECTORS) + "/" + file;
    if (parser_.load(path).get(root_)) throw std::runtime_error("cannot read " + path);
  }
  simdjson::dom::element root() const { return root_; }

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

inline std::string text(simdjson::dom::element value) {
  return std::string(std::string_view(value));
}

}  // namespace hubdist::testing

// Reading small JSON documents with simdjson.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include <hubdist/base/status.h>

namespace hubdist::internal {

// A parsed document and what it borrows from. Not thread-safe.
class JsonDocument {
 public:
  // DataLoss that names `what` when the text is no JSON object.
  static Result<std::unique_ptr<JsonDocument>> parse(std::string_view text, std::string_view what) {
    auto document = std::make_unique<JsonDocument>();
    document->what_ = what;
    simdjson::dom::element root;
    if (document->parser_.parse(text.data(), text.size()).get(root) != simdjson::SUCCESS ||
        root.get_object().get(document->root_) != simdjson::SUCCESS)
      return data_loss(what, " is not a JSON object");
    return document;
  }

  const simdjson::dom::object& root() const { return root_; }

  template <typename T>
  Result<T> get(const simdjson::dom::object& object, std::string_view key) const {
    T value;
    if (object[key].template get<T>().get(value) != simdjson::SUCCESS)
      return data_loss(what_, " lacks a right '", key, "'");
    return value;
  }
  // Nothing when it is missing, null or of another type.
  template <typename T>
  std::optional<T> find(const simdjson::dom::object& object, std::string_view key) const {
    T value;
    if (object[key].template get<T>().get(value) != simdjson::SUCCESS) return std::nullopt;
    return value;
  }
  std::optional<std::string> find_text(const simdjson::dom::object& object,
                                       std::string_view key) const {
    const auto value = find<std::string_view>(object, key);
    return value ? std::optional<std::string>(*value) : std::nullopt;
  }
  Result<std::string> text(const simdjson::dom::object& object, std::string_view key) const {
    HUBDIST_ASSIGN(const std::string_view value, get<std::string_view>(object, key));
    return std::string(value);
  }

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::object root_;
  std::string what_;
};

}  // namespace hubdist::internal

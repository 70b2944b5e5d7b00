// A backend that passes every call on: the base of the decorators.
//
// read_version() is not passed on, but ends in read(): what overrides read() alone is not passed
// by. A decorator that shall keep the version overrides both.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <hubdist/backend/backend.h>

namespace hubdist {

class ForwardingBackend : public Backend {
 public:
  explicit ForwardingBackend(std::shared_ptr<Backend> inner) : inner_(std::move(inner)) {}
  BackendCapabilities capabilities() const override { return inner_->capabilities(); }
  Result<ObjectInfo> stat(const Uri& uri, std::stop_token stop) override {
    return inner_->stat(uri, stop);
  }
  Result<ListPage> list(const Uri& uri, const std::string& page, std::stop_token stop) override {
    return inner_->list(uri, page, stop);
  }
  Status read(const Uri& uri, ByteRange range, const BodySink& sink,
              std::stop_token stop) override {
    return inner_->read(uri, range, sink, stop);
  }
  Status put(const Uri& uri, std::uint64_t size, const BodySource& source,
             std::stop_token stop) override {
    return inner_->put(uri, size, source, stop);
  }
  Result<bool> exists(const Uri& uri, std::stop_token stop) override {
    return inner_->exists(uri, stop);
  }
  Result<XetAccess> xet_access(const Uri& uri, std::string_view route,
                               std::stop_token stop) override {
    return inner_->xet_access(uri, route, stop);
  }
  std::string scope(const Uri& uri) const override { return inner_->scope(uri); }

 protected:
  const std::shared_ptr<Backend> inner_;
};

}  // namespace hubdist

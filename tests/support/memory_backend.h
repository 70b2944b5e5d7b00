// A backend of an application's own: objects in memory, by path.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <hubdist/backend/backend.h>
#include <hubdist/base/strings.h>

namespace hubdist::testing {

class MemoryBackend final : public Backend {
 public:
  void set(const std::string& path, std::string content) {
    const std::lock_guard lock(mutex_);
    objects_[path] = {std::make_shared<const std::string>(std::move(content)), ++versions_};
  }

  BackendCapabilities capabilities() const override {
    return {.list = true, .ranges = true, .put = true, .revisions = false};
  }
  Result<ObjectInfo> stat(const Uri& uri, std::stop_token stop) override {
    HUBDIST_ASSIGN(const Object object, find(uri, stop));
    return ObjectInfo{
        .size = object.content->size(), .identity = {}, .etag = object.etag(), .commit = {}};
  }
  Result<ListPage> list(const Uri&, const std::string& page, std::stop_token stop) override {
    if (stop.stop_requested()) return cancelled("stopped");
    const std::lock_guard lock(mutex_);
    ListPage out;
    auto at = objects_.upper_bound(page);
    if (page.empty()) at = objects_.begin();
    for (int i = 0; i < 3 && at != objects_.end(); ++i, ++at)
      out.entries.push_back({at->first, at->second.content->size(), {}, at->second.etag(), false});
    if (at != objects_.end()) out.next = out.entries.back().path;
    return out;
  }
  Status read(const Uri& uri, ByteRange range, const BodySink& sink,
              std::stop_token stop) override {
    return read_version(uri, {}, range, sink, stop);
  }
  Status read_version(const Uri& uri, std::string_view etag, ByteRange range, const BodySink& sink,
                      std::stop_token stop) override {
    HUBDIST_ASSIGN(const Object object, find(uri, stop));
    if (!etag.empty() && etag != object.etag()) return aborted(uri.path, " was replaced");
    const std::string& content = *object.content;
    if (!range.empty() && range.begin >= content.size())
      return out_of_range(uri.path, " has no byte ", range.begin);
    while (!range.empty()) {
      if (stop.stop_requested()) return cancelled("stopped");
      if (range.begin >= content.size()) return unavailable(uri.path, " is shorter");
      const auto step =
          std::min<std::uint64_t>({range.size(), content.size() - range.begin, 10'000});
      HUBDIST_TRY(sink(as_bytes(std::string_view(content).substr(range.begin, step))));
      range.begin += step;
    }
    return {};
  }
  Status put(const Uri& uri, std::uint64_t size, const BodySource& source,
             std::stop_token) override {
    std::string content;
    Bytes buffer(10'000);
    while (true) {
      HUBDIST_ASSIGN(const std::size_t count, source(buffer));
      if (count == 0) break;
      content += as_text(ByteView(buffer).first(count));
    }
    if (content.size() != size) return data_loss("announced ", size, ", got ", content.size());
    set(uri.path, std::move(content));
    return {};
  }
  Result<bool> exists(const Uri& uri, std::stop_token stop) override {
    return find(uri, stop).ok();
  }
  std::string scope(const Uri& uri) const override { return concat("memory/", uri.authority); }

 private:
  struct Object {
    std::shared_ptr<const std::string> content;
    int version = 0;
    std::string etag() const { return concat("v", version); }
  };
  Result<Object> find(const Uri& uri, const std::stop_token& stop) {
    if (stop.stop_requested()) return cancelled("stopped");
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(uri.path);
    if (found == objects_.end()) return not_found(uri.path, " is not in memory");
    return found->second;
  }

  std::mutex mutex_;
  std::map<std::string, Object> objects_;
  int versions_ = 0;
};

}  // namespace hubdist::testing

#include <algorithm>
#include <mutex>
#include <random>
#include <utility>

#include <hubdist/backend/decorators.h>
#include <hubdist/backend/forwarding.h>

namespace hubdist {
namespace {

class FaultyBackend final : public ForwardingBackend {
 public:
  FaultyBackend(std::shared_ptr<Backend> inner, FaultScript script)
      : ForwardingBackend(std::move(inner)), script_(script), random_(script.seed) {}

  Result<ObjectInfo> stat(const Uri& uri, std::stop_token stop) override {
    HUBDIST_TRY(maybe_fail());
    return inner_->stat(uri, stop);
  }
  Result<ListPage> list(const Uri& uri, const std::string& page, std::stop_token stop) override {
    HUBDIST_TRY(maybe_fail());
    return inner_->list(uri, page, stop);
  }
  Result<bool> exists(const Uri& uri, std::stop_token stop) override {
    HUBDIST_TRY(maybe_fail());
    return inner_->exists(uri, stop);
  }
  Status put(const Uri& uri, std::uint64_t size, const BodySource& source,
             std::stop_token stop) override {
    HUBDIST_TRY(maybe_fail());
    return inner_->put(uri, size, source, stop);
  }
  Status read(const Uri& uri, ByteRange range, const BodySink& sink,
              std::stop_token stop) override {
    return read_version(uri, {}, range, sink, std::move(stop));
  }
  Status read_version(const Uri& uri, std::string_view etag, ByteRange range, const BodySink& sink,
                      std::stop_token stop) override {
    HUBDIST_TRY(maybe_fail());
    if (draw(1000) >= script_.cut) return inner_->read_version(uri, etag, range, sink, stop);
    std::uint64_t left = draw(range.size());
    const Status cut = unavailable("the connection was cut by the fault script");
    const Status status = inner_->read_version(
        uri, etag, range,
        [&](ByteView bytes) -> Status {
          const std::size_t taken =
              static_cast<std::size_t>(std::min<std::uint64_t>(left, bytes.size()));
          if (taken > 0) HUBDIST_TRY(sink(bytes.first(taken)));
          left -= taken;
          return taken < bytes.size() ? cut : Status();
        },
        stop);
    return status.ok() ? cut : status;
  }

 private:
  // A number below `bound`; 0 when the bound is.
  std::uint64_t draw(std::uint64_t bound) {
    const std::lock_guard lock(mutex_);
    return bound == 0 ? 0 : random_() % bound;
  }
  Status maybe_fail() {
    return draw(1000) < script_.fail ? unavailable("the call failed by the fault script")
                                     : Status();
  }

  const FaultScript script_;
  std::mutex mutex_;
  std::mt19937_64 random_;
};

}  // namespace

std::shared_ptr<Backend> make_faulty(std::shared_ptr<Backend> inner, FaultScript script) {
  return std::make_shared<FaultyBackend>(std::move(inner), script);
}

}  // namespace hubdist

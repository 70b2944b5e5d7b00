#include <utility>

#include <hubdist/backend/decorators.h>
#include <hubdist/backend/forwarding.h>

namespace hubdist {
namespace {

class RetryingBackend final : public ForwardingBackend {
 public:
  RetryingBackend(std::shared_ptr<Backend> inner, RetryPolicy policy, Sleeper sleeper)
      : ForwardingBackend(std::move(inner)), policy_(policy), sleeper_(std::move(sleeper)) {}

  Result<ObjectInfo> stat(const Uri& uri, std::stop_token stop) override {
    return again<Result<ObjectInfo>>(stop, [&] { return inner_->stat(uri, stop); });
  }
  Result<ListPage> list(const Uri& uri, const std::string& page, std::stop_token stop) override {
    return again<Result<ListPage>>(stop, [&] { return inner_->list(uri, page, stop); });
  }
  Result<bool> exists(const Uri& uri, std::stop_token stop) override {
    return again<Result<bool>>(stop, [&] { return inner_->exists(uri, stop); });
  }
  Result<XetAccess> xet_access(const Uri& uri, std::string_view route,
                               std::stop_token stop) override {
    return again<Result<XetAccess>>(stop, [&] { return inner_->xet_access(uri, route, stop); });
  }

  Status read(const Uri& uri, ByteRange range, const BodySink& sink,
              std::stop_token stop) override {
    return read_version(uri, {}, range, sink, std::move(stop));
  }

  Status read_version(const Uri& uri, std::string_view etag, ByteRange range, const BodySink& sink,
                      std::stop_token stop) override {
    Retrier retrier(policy_, stop, sleeper_);
    Status sink_failure;
    const BodySink counting = [&](ByteView bytes) {
      sink_failure = sink(bytes);
      if (sink_failure.ok()) range.begin += bytes.size();
      return sink_failure;
    };
    while (true) {
      const std::uint64_t before = range.begin;
      const Status status = inner_->read_version(uri, etag, range, counting, stop);
      if (status.ok() || !sink_failure.ok()) return status;
      if (range.begin > before) retrier.progressed();
      HUBDIST_TRY(retrier.again(status));
    }
  }

 private:
  template <typename T, typename F>
  T again(std::stop_token stop, F&& call) {
    Retrier retrier(policy_, stop, sleeper_);
    while (true) {
      T result = call();
      if (result.ok()) return result;
      HUBDIST_TRY(retrier.again(result.status()));
    }
  }

  const RetryPolicy policy_;
  const Sleeper sleeper_;
};

}  // namespace

std::shared_ptr<Backend> make_retrying(std::shared_ptr<Backend> inner, RetryPolicy policy,
                                       Sleeper sleeper) {
  return std::make_shared<RetryingBackend>(std::move(inner), policy, std::move(sleeper));
}

}  // namespace hubdist

#include "server/internal/shard_sink.h"

#include <cstring>

#include "server/internal/api_support.h"

namespace hubdist::internal {

namespace {

constexpr std::chrono::seconds kEventEvery{2};

// A shard that is being worked on, and what it holds back from others.
struct Work {
  Gate::Pass memory;
  Gate::Pass pass;
  std::unique_ptr<ShardIntake> intake;
};

// The events of an answer of version 2, each made when it is sent.
class Events {
 public:
  Events(Work work, std::stop_token stop) : work_(std::move(work)), stop_(std::move(stop)) {}

  Result<std::size_t> read(MutableBytes out) {
    if (line_.empty() && !ended_) line_ = next_line();
    const std::size_t count = std::min(out.size(), line_.size());
    std::memcpy(out.data(), line_.data(), count);
    line_.erase(0, count);
    return count;
  }

 private:
  std::string next_line() {
    const Status checked = begun_ ? Status() : work_.intake->check();
    if (!checked.ok()) return failure(checked);
    if (!begun_) {
      begun_ = true;
      return progress();
    }
    const auto done = work_.intake->advance(system_clock().now() + kEventEvery, stop_);
    if (!done.ok()) return failure(done.status());
    if (!*done) return progress();
    ended_ = true;
    return "{\"type\":\"result\"}\n";
  }

  std::string progress() const {
    return JsonWriter()
               .begin_object()
               .field("type", "validating")
               .field("verified", work_.intake->hashed())
               .field("total", work_.intake->total())
               .end_object()
               .take() +
           '\n';
  }

  // The message is what error_response() would say: what went wrong inside is for the log.
  std::string failure(const Status& error) {
    ended_ = true;
    const HttpServerResponse answer =
        error_response(refused_content("This shard was not kept: ", error));
    const bool again = answer.status >= 500 && answer.status != 507;
    return JsonWriter()
               .begin_object()
               .field("type", "error")
               .field("message", answer.headers.get("X-Error-Message").value_or(""))
               .field("retryable", again)
               .end_object()
               .take() +
           '\n';
  }

  Work work_;
  const std::stop_token stop_;
  std::string line_;
  bool begun_ = false;
  bool ended_ = false;
};

class ShardSink final : public HttpBodySink {
 public:
  ShardSink(ShardSinkOptions options, Gate::Pass memory, Gate::Pass pass)
      : options_(std::move(options)), work_{std::move(memory), std::move(pass), nullptr} {
    shard_.reserve(options_.size);
  }

  std::optional<HttpServerResponse> write(ByteView bytes) override {
    append_bytes(shard_, bytes);
    return std::nullopt;
  }

  HttpServerResponse finish() override {
    work_.intake = options_.begin(std::move(shard_));
    if (options_.events) {
      HttpServerResponse response;
      response.headers.add("Content-Type", "application/x-ndjson");
      auto events = std::make_shared<Events>(std::move(work_), options_.stop);
      response.body =
          HttpStreamBody{std::nullopt, [events](MutableBytes out) { return events->read(out); }};
      return response;
    }
    const Status kept = keep();
    return kept.ok() ? json_response(R"({"result":1})")
                     : error_response(refused_content("This shard was not kept: ", kept));
  }

 private:
  Status keep() {
    HUBDIST_TRY(work_.intake->check());
    return work_.intake->advance(Instant::max(), options_.stop).status();
  }

  const ShardSinkOptions options_;
  Work work_;
  Bytes shard_;
};

}  // namespace

std::unique_ptr<HttpBodySink> make_shard_sink(ShardSinkOptions options, Gate::Pass memory,
                                              Gate::Pass pass) {
  return std::make_unique<ShardSink>(std::move(options), std::move(memory), std::move(pass));
}

}  // namespace hubdist::internal

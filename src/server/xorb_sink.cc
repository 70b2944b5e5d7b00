#include "server/internal/xorb_sink.h"

#include "server/internal/api_support.h"
#include <hubdist/core/xorb_verifier.h>

namespace hubdist::internal {

namespace {

// A xorb is written whether or not the hub has it: nobody learns from the time that it takes.
class XorbSink final : public HttpBodySink {
 public:
  XorbSink(XetStore& xet, XetProofs& proofs, ExpectedXorb expected,
           std::unique_ptr<ObjectWriter> writer, Gate::Pass pass)
      : xet_(xet),
        proofs_(proofs),
        expected_(std::move(expected)),
        writer_(std::move(writer)),
        pass_(std::move(pass)) {}

  std::optional<HttpServerResponse> write(ByteView bytes) override {
    const Status taken = take(bytes);
    if (taken.ok()) return std::nullopt;
    return error_response(refused_content("Nothing of this xorb was kept: ", taken));
  }

  HttpServerResponse finish() override {
    const Status kept = keep();
    return kept.ok() ? xorb_answer(true)
                     : error_response(refused_content("Nothing of this xorb was kept: ", kept));
  }

 private:
  Status take(ByteView bytes) {
    received_ += bytes.size();
    if (expected_.size && received_ > *expected_.size)
      return invalid_argument("it has more than the ", *expected_.size, " bytes announced");
    HUBDIST_TRY(verifier_.update(bytes));
    return writer_->write(bytes);
  }

  Status keep() {
    if (expected_.size && received_ != *expected_.size)
      return invalid_argument("it has ", received_, " bytes, not ", *expected_.size,
                              " as announced");
    HUBDIST_ASSIGN(const XorbIndex index, verifier_.finish(expected_.hash));
    // A footer that came with it was checked as the rest was.
    const bool has_footer = received_ > index.packed_size();
    HUBDIST_TRY(has_footer ? xet_.keep_whole(*writer_, index.hash) : xet_.keep(*writer_, index));
    return proofs_.put_xorb(expected_.repo, expected_.repo_name, expected_.hash);
  }

  XetStore& xet_;
  XetProofs& proofs_;
  const ExpectedXorb expected_;
  const std::unique_ptr<ObjectWriter> writer_;
  const Gate::Pass pass_;
  XorbVerifier verifier_;
  std::uint64_t received_ = 0;
};

class KnownXorbSink final : public HttpBodySink {
 public:
  explicit KnownXorbSink(Gate::Pass pass) : pass_(std::move(pass)) {}
  std::optional<HttpServerResponse> write(ByteView) override { return std::nullopt; }
  HttpServerResponse finish() override { return xorb_answer(false); }

 private:
  const Gate::Pass pass_;
};

}  // namespace

Result<std::unique_ptr<HttpBodySink>> make_xorb_sink(XetStore& xet, XetProofs& proofs,
                                                     ExpectedXorb expected, Gate::Pass pass) {
  HUBDIST_ASSIGN(auto writer, xet.create_xorb(expected.hash));
  return std::make_unique<XorbSink>(xet, proofs, std::move(expected), std::move(writer),
                                    std::move(pass));
}

std::unique_ptr<HttpBodySink> make_known_xorb_sink(Gate::Pass pass) {
  return std::make_unique<KnownXorbSink>(std::move(pass));
}

HttpServerResponse xorb_answer(bool inserted) {
  return json_response(
      JsonWriter().begin_object().field("was_inserted", inserted).end_object().take());
}

}  // namespace hubdist::internal

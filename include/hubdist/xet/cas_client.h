// What a client asks of a content-addressed store (CAS) of Xet: where the bytes of a file are.
//
// Source: the Xet protocol specification 1.1, "API" and "Authentication"
// (https://github.com/huggingface/hub-docs/tree/main/docs/xet).
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include <hubdist/backend/backend.h>
#include <hubdist/core/manifest.h>
#include <hubdist/core/reconstruction.h>
#include <hubdist/io/http_client.h>
#include <hubdist/io/retry.h>

namespace hubdist {

struct CasOptions {
  RetryPolicy retry;  // of questions to the store, and of reading xorbs
  std::chrono::seconds stall_timeout{30};
};

// Thread-safe; calls block, and end within 100 ms of a stop request with Cancelled. The token is
// asked for when it is first needed, again before it expires and when the store refuses it; it goes
// to the store's own URL alone. What fails for a reason that may pass is tried again.
class CasClient {
 public:
  // Gets leave from the hub; has tries of its own.
  using AskHub = std::function<Result<XetAccess>(std::stop_token)>;
  CasClient(std::shared_ptr<HttpClient> http, AskHub ask_hub, CasOptions options);

  // Has leave now, or learns that there is none to be had: the error of the hub.
  Status prepare(std::stop_token stop);

  // Where the bytes `range` of a file are; all of them when absent. `name` is the file's, for
  // messages. NotFound when the store does not know the file, OutOfRange when it ends before the
  // range begins; DataLoss for an answer that cannot be true.
  Result<Reconstruction> reconstruct(const XetHash& file, std::optional<ByteRange> range,
                                     std::string_view name, std::stop_token stop);

  // The chunks of a file, proved by its hash, from a store that tells them (an extension: ours
  // does). NotFound from others, and for a file of more than 256 GiB or so; DataLoss for a wrong
  // answer.
  Result<Manifest> manifest(const XetHash& file, std::uint64_t size, std::string_view name,
                            std::stop_token stop);

  // A request for bytes of a xorb by a URL out of a reconstruction. Nothing secret goes along.
  // PermissionDenied when the URL would leave TLS that the store itself has.
  Result<HttpRequest> xorb_request(const std::string& url, ByteRange bytes);

  HttpClient& http() { return *http_; }
  const RetryPolicy& retry_policy() const { return options_.retry; }

 private:
  Result<XetAccess> access(std::stop_token stop);
  void forget(const XetAccess& refused);
  Result<HttpReply> ask(std::string_view path, std::optional<ByteRange> range,
                        std::string_view what, std::uint64_t limit, std::stop_token stop);

  const std::shared_ptr<HttpClient> http_;
  const AskHub ask_hub_;
  const CasOptions options_;
  std::atomic<bool> only_version_1_ = false;
  std::mutex mutex_;
  std::optional<XetAccess> access_;
};

}  // namespace hubdist

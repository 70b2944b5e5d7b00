// A content-addressed store of Xet in a few lines: reconstructions and xorbs, on a fault server, so
// that each answer can be replaced by a worse one.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/fault_server.h"
#include <hubdist/core/manifest.h>
#include <hubdist/core/reconstruction.h>
#include <hubdist/core/xorb.h>

namespace hubdist::testing {

// A function that tests change while the server's threads use it.
template <typename F>
class Hook {
 public:
  void operator=(F function) {
    const std::lock_guard lock(mutex_);
    function_ = std::move(function);
  }
  F get() const {
    const std::lock_guard lock(mutex_);
    return function_;
  }

 private:
  mutable std::mutex mutex_;
  F function_;
};

// Thread-safe, but for its public fields other than hooks, which are set while nobody asks.
class FakeCas {
 public:
  FakeCas();

  // Stores a content, cut as Xet does; chunks that are there already are referred to.
  XetHash add(const std::string& content);

  std::string url() const { return server_.url(""); }
  FaultHttpServer& server() { return server_; }
  std::vector<Term> terms_of(const XetHash& file) const;
  const XorbIndex& index_of(const XorbHash& xorb) const { return *indexes_.at(xorb); }
  // From now on URLs that were given out before are refused.
  void expire_urls() { valid_from_ = generation_.load(); }
  // Bodies of xorbs that were given out, in bytes.
  std::uint64_t xorb_bytes() const { return xorb_bytes_; }
  std::size_t count(std::string_view path_prefix) const;  // requests seen

  std::string token = "cas-token";  // asked for at reconstructions
  int version = 2;                  // the newest reconstruction that is known
  std::size_t chunks_per_xorb = 16;
  std::size_t ranges_per_url = 8;
  CompressionScheme scheme = CompressionScheme::kLz4;
  bool manifests = false;     // tell the chunks of files, as our hub does
  bool content_range = true;  // state it in answers with a part
  // Changes a reconstruction before it is sent.
  Hook<std::function<void(Reconstruction&)>> change_answer;
  // Answers a request for a xorb's bytes instead of the store, where it returns a script.
  Hook<std::function<FaultScript(const XorbHash&, ByteRange, const std::string& bytes)>> serve_xorb;

 private:
  FaultScript respond(const SeenRequest& request);
  FaultScript reconstruct(const SeenRequest& request, int asked, const XetHash& file);
  FaultScript manifest(const SeenRequest& request);
  FaultScript xorb(const SeenRequest& request);
  std::string url_of(const XorbHash& xorb, std::span<const FetchRange> ranges);

  struct Place {
    XorbHash xorb;
    std::uint32_t chunk = 0;
  };
  mutable std::mutex mutex_;
  std::map<XetHash, std::vector<Term>> files_;
  std::map<ChunkHash, Place> chunks_;
  std::map<XorbHash, std::string> xorbs_;
  std::map<XorbHash, std::shared_ptr<const XorbIndex>> indexes_;
  std::atomic<int> generation_ = 0;  // of URLs
  std::atomic<int> valid_from_ = 0;
  std::atomic<std::uint64_t> xorb_bytes_ = 0;
  FaultHttpServer server_;  // last: its threads use the rest
};

// "HTTP/1.1 206" with these bytes of a xorb.
FaultScript xorb_part(ByteRange range, const std::string& bytes);

}  // namespace hubdist::testing

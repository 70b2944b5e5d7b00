// A server's certificate and key, as they are in their files now.
#pragma once

#include <memory>
#include <mutex>

#include <boost/asio/ssl/context.hpp>

#include <hubdist/io/http_server.h>

namespace hubdist::internal {

// Thread-safe.
class TlsCertificate {
 public:
  using Context = std::shared_ptr<boost::asio::ssl::context>;

  // InvalidArgument for files that hold something else, or do not belong together;
  // FailedPrecondition for a key that everybody can read.
  static Result<std::unique_ptr<TlsCertificate>> load(HttpTlsOptions options);

  // For the next connection.
  Context context() const;
  // Whether the last look at the files is so long ago that refresh() should be called.
  bool is_due() const;
  // Reads the files again when they have changed. What cannot be used is logged, and the old
  // certificate stays.
  void refresh();

 private:
  explicit TlsCertificate(HttpTlsOptions options) : options_(std::move(options)) {}
  Status read();

  const HttpTlsOptions options_;
  mutable std::mutex mutex_;
  Context context_;
  FileInfo certificate_info_;
  FileInfo key_info_;
  mutable Instant looked_{};
};

}  // namespace hubdist::internal

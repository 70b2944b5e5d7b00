// http:// and https:// URLs, one file each: HEAD for size and etag, GET with Range for bytes. A
// server that knows no HEAD is asked for its first byte instead. A plain URL states no digest, so
// what comes from it is `verified: no` unless the user gives one.
#pragma once

#include <memory>

#include <hubdist/backend/backend.h>
#include <hubdist/io/http_client.h>

namespace hubdist {

struct HttpBackendOptions {
  std::chrono::milliseconds metadata_timeout{10'000};
  std::chrono::seconds stall_timeout{30};
};

std::shared_ptr<Backend> make_http_backend(std::shared_ptr<HttpClient> client,
                                           HttpBackendOptions options = {});

}  // namespace hubdist

// The chunks of a file as the CAS API's manifests tell them.
#pragma once

#include <memory>

#include <hubdist/io/http_server.h>
#include <hubdist/server/xet_store.h>

namespace hubdist::internal {

// Hash (32 bytes) and size (4 bytes, little-endian) of each chunk, in order: 36 bytes a chunk. The
// chunks' Merkle root is the file's hash, so that who reads it can check it.
HttpStreamBody manifest_body(const XetStore& xet, std::shared_ptr<const XetFile> file);

}  // namespace hubdist::internal

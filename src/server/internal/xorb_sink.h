// Xorbs that clients bring.
#pragma once

#include <memory>
#include <optional>

#include "server/internal/gate.h"
#include "server/internal/xet_proofs.h"
#include <hubdist/io/http_server.h>
#include <hubdist/server/xet_store.h>

namespace hubdist::internal {

// What is announced of a xorb, and for whom.
struct ExpectedXorb {
  XorbHash hash;
  std::optional<std::uint64_t> size{};  // bytes, where it was announced
  StorageId repo;
  std::string repo_name;  // RepoId::key()
};

// Takes a serialized xorb, which is kept when all of it is right, and proves it for the repository.
// Nothing is left of one that is not. Memory: a chunk, and 40 bytes for each.
Result<std::unique_ptr<HttpBodySink>> make_xorb_sink(XetStore& xet, XetProofs& proofs,
                                                     ExpectedXorb expected, Gate::Pass pass);

// Lets a body go by: the repository has the xorb already.
std::unique_ptr<HttpBodySink> make_known_xorb_sink(Gate::Pass pass);

// What the CAS API answers to an uploaded xorb.
HttpServerResponse xorb_answer(bool inserted);

}  // namespace hubdist::internal

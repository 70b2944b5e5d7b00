// Contents that come by a link.
#pragma once

#include <memory>
#include <stop_token>

#include "server/internal/gate.h"
#include "server/internal/lfs_link.h"
#include <hubdist/io/http_server.h>
#include <hubdist/server/repository.h>

namespace hubdist::internal {

// Takes the body of a PUT by `link`: a whole content, which is kept when it has the size and the
// SHA-256 that the link names, or a part of one. Nothing is left of a body that does not fit.
Result<std::unique_ptr<HttpBodySink>> make_lfs_sink(Repositories& repositories, const LfsLink& link,
                                                    Gate::Pass pass);

// Joins the parts of a content, and keeps it when it is the one that the link names. The parts are
// removed. NotFound when one is missing, unless another request has joined them meanwhile. 503 when
// it is stopped: the parts stay.
Status join_parts(Repositories& repositories, const LfsLink& link, const std::stop_token& stop);

// Removes parts that nobody joined.
Status remove_parts(ObjectStore& store, const LfsLink& link);

}  // namespace hubdist::internal

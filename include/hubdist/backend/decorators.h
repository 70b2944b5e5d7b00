// Backends around a backend: each adds one behaviour and passes everything else on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <hubdist/backend/backend.h>
#include <hubdist/io/retry.h>

namespace hubdist {

// Tries again by `policy` what failed for a reason that may pass. A read that broke off goes on at
// the byte where it stopped, so that no byte reaches the sink twice; every byte that came starts
// the count of tries anew. A failure of the sink is never tried again. put() is tried once only:
// its source cannot be read a second time.
std::shared_ptr<Backend> make_retrying(std::shared_ptr<Backend> inner, RetryPolicy policy,
                                       Sleeper sleeper = sleep_for);

struct BackendLimits {
  std::size_t parallel_calls = 0;      // 0: no limit
  std::uint64_t bytes_per_second = 0;  // of all reads together; 0: no limit
};
// Lets calls wait so that the limits hold. A waiting call ends with Cancelled on a stop request.
std::shared_ptr<Backend> make_limited(std::shared_ptr<Backend> inner, BackendLimits limits);

// For tests: each call fails with a probability of `fail` out of 1,000 (Unavailable), and a read
// breaks off after a random part of its bytes with a probability of `cut` out of 1,000. The same
// seed gives the same faults for the same order of calls.
struct FaultScript {
  std::uint64_t seed = 0;
  unsigned fail = 0;
  unsigned cut = 0;
};
std::shared_ptr<Backend> make_faulty(std::shared_ptr<Backend> inner, FaultScript script);

}  // namespace hubdist

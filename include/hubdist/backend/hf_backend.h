// hf:// - the Hugging Face Hub and every hub that speaks its HTTP interface.
//
// Source: the requests of huggingface_hub 1.x and 2.x (HEAD and GET on /resolve/,
// /api/{type}/{repo} /revision and /tree). Errors carry Detail::kHubError with the hub's
// X-Error-Code (RepoNotFound, RevisionNotFound, EntryNotFound, GatedRepo, DisabledRepo); a missing
// file also carries Detail::kCommit, the commit in which it is missing.
#pragma once

#include <memory>
#include <string>

#include <hubdist/backend/backend.h>
#include <hubdist/base/secret.h>
#include <hubdist/io/http_client.h>

namespace hubdist {

struct HfBackendOptions {
  std::string endpoint = "https://huggingface.co";  // with or without a path, no '/' at the end
  Secret token;                                     // sent to the endpoint alone
  HttpHeaders headers;                              // sent to the endpoint with every request
  bool allow_insecure_token = false;                // over http to a host that is not loopback
  std::chrono::milliseconds metadata_timeout{10'000};
  std::chrono::seconds stall_timeout{30};
};

// A Backend with what the Hugging Face facade asks beside.
class HfBackend : public Backend {
 public:
  // The commit that the URI's revision (default: main) stands for now.
  virtual Result<std::string> resolve_revision(const Uri& uri, std::stop_token stop) = 0;
};

std::shared_ptr<HfBackend> make_hf_backend(std::shared_ptr<HttpClient> client,
                                           HfBackendOptions options);

// Whether `text` is a full commit id: 40 lower-case hexadecimal digits.
bool is_commit_id(std::string_view text);

}  // namespace hubdist

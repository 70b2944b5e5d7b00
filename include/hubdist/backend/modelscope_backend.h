// modelscope:// - ModelScope and every hub that speaks its /api/v1/ interface.
//
// Source: the requests of modelscope 1.37 and 1.40: GET below
// /api/v1/{models|datasets}/{owner}/{name}/ on repo/files and repo/tree (listings), repo (a file),
// commits. Models and data sets only; a repository is owner/name, a revision by default `master`.
// A file's identity is its SHA-256; of what the hub states none for, nothing can be proved.
//
// A revision is resolved to its commit, which is then listed and read, so that a download is of one
// commit although somebody pushes meanwhile. A hub that does not tell commits is read by the
// revision's name, and stat() and list() state no commit.
//
// Where the hub cuts a listing off, as ModelScope does after 3,000 entries, it is taken folder by
// folder; FailedPrecondition for a single folder with more.
//
// The token goes to the endpoint alone, as a bearer token and as ModelScope's cookie: some of its
// routes heed the one, some the other.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <hubdist/backend/backend.h>
#include <hubdist/base/secret.h>
#include <hubdist/io/http_client.h>

namespace hubdist {

inline constexpr std::string_view kModelScopeEndpoint = "https://modelscope.cn";

struct ModelScopeBackendOptions {
  std::string endpoint{kModelScopeEndpoint};  // with or without a path
  Secret token;                               // sent to the endpoint alone
  bool allow_insecure_token = false;          // over http to a host that is not loopback
  std::chrono::milliseconds metadata_timeout{60'000};
  std::chrono::seconds stall_timeout{30};
};

std::shared_ptr<Backend> make_modelscope_backend(std::shared_ptr<HttpClient> client,
                                                 ModelScopeBackendOptions options);

}  // namespace hubdist

// The names of things to download: hf://org/model@rev/path and its kin.
//
// Grammar:
//   hub       = ("hf" | "modelscope" | "opencsg") "://" [type "/"] repo ["@" revision] ["/" path]
//   type      = "models" | "datasets" | "spaces"        (models when left out)
//   repo      = owner "/" name | name                   (a one-word repo takes a path only after
//                                                        its revision: hf://gpt2@main/config.json)
//   object    = ("s3" | "gs" | "abs" | "oss" | "obs" | "cos") "://" bucket ["/" key]
//   hdfs      = "hdfs://" authority "/" path
//   web       = ("http" | "https") "://" authority ["/" path] ["?" query]
//   file      = "file://" absolute-path | absolute-path
//   other     = scheme "://" [authority] ["/" path]     (an application's own backend)
// In a revision '/' is written %2F; in a path or revision of a hub '@' is written %40; '%' is
// always %25, but in an absolute path without "file://", which is taken as it is. Other bytes may
// be percent-encoded. format() writes the one canonical text, and parse(format(u)) == u for every u
// that parse() gave.
//
// Two further leniences, for texts that other programs accept: refs/pr/<number> and
// refs/convert/<name> may stand in a revision with their '/', and what cannot stand in a web URL
// (spaces, characters beyond ASCII) is encoded rather than refused.
#pragma once

#include <string>
#include <string_view>

#include <hubdist/base/status.h>

namespace hubdist {

enum class Scheme {
  kFile,
  kHttp,
  kHttps,
  kHf,
  kModelScope,
  kOpenCsg,
  kS3,
  kGs,
  kAbs,
  kOss,
  kObs,
  kCos,
  kHdfs,
  kOther
};
enum class RepoType { kModel, kDataset, kSpace };

// "models", "datasets", "spaces": as it stands in the hub's API paths and cache folder names.
std::string_view plural(RepoType type);
// "model", "dataset", "space", as huggingface_hub's repo_type has it.
std::string_view name(RepoType type);
Result<RepoType> parse_repo_type(std::string_view text);  // either form

struct Uri {
  Scheme scheme = Scheme::kFile;
  std::string scheme_text;  // "hf", "s3", or an application's own scheme (kOther)

  // Hubs only.
  RepoType repo_type = RepoType::kModel;
  std::string repo;      // "owner/name" or "name"
  std::string revision;  // decoded; empty means the hub's default

  // Everything else: host[:port] of a URL, bucket of an object store; empty for file.
  // In lower case for http(s).
  std::string authority;

  // Decoded. Inside a repository or bucket: relative, without a leading '/'. file: absolute.
  // http(s): as written after the authority, still encoded, with its '/'. A trailing '/' is kept:
  // it asks for a folder.
  std::string path;
  std::string query;  // http(s) only, without '?'

  bool is_hub() const;
  friend bool operator==(const Uri&, const Uri&) = default;
};

// InvalidArgument names the text and what is wrong with it. A user name or password inside a URL is
// refused, and not repeated in the message: credentials never travel in URLs.
Result<Uri> parse_uri(std::string_view text);
// A one-word repository with a path but no revision, which no text can say, gets the hub's usual
// default revision.
std::string format_uri(const Uri& uri);
// The same for messages: a query, which may hold a signature or a key, is written as "...".
std::string display_uri(Uri uri);

}  // namespace hubdist

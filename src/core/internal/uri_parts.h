// The three kinds of URI that uri.cc tells apart by their scheme. Each parser gets what follows
// "scheme://" and fills a Uri whose scheme is set; its errors do not repeat the text.
#pragma once

#include <string>
#include <string_view>

#include <hubdist/core/uri.h>

namespace hubdist::internal {

// Repositories: hf, modelscope, opencsg (uri_hub.cc).
Status parse_hub(std::string_view rest, Uri& uri);
std::string format_hub(const Uri& uri);

// http and https (uri_location.cc). parse_web() encodes what may not stand in a URL as it is.
Status parse_web(std::string_view rest, Uri& uri);

// Object stores, hdfs and schemes of applications (uri_location.cc).
Status parse_object(std::string_view rest, Uri& uri);

// What may be a host or a bucket, or holds a user name: everything before the path.
std::string_view authority_of(std::string_view rest);

}  // namespace hubdist::internal

#include <doctest/doctest.h>

#include <hubdist/io/http_client.h>
#include <hubdist/io/url.h>

namespace hubdist {
namespace {

Status status_for(int code, HttpHeaders headers = {}) {
  HttpResponse response;
  response.status = code;
  response.headers = std::move(headers);
  return status_of_http(response, "the thing");
}

TEST_CASE("codes of HTTP and their meaning") {
  CHECK(status_for(200).ok());
  CHECK(status_for(206).ok());
  const std::pair<int, StatusCode> expected[] = {
      {304, StatusCode::kFailedPrecondition}, {400, StatusCode::kInvalidArgument},
      {401, StatusCode::kUnauthenticated},    {403, StatusCode::kPermissionDenied},
      {404, StatusCode::kNotFound},           {408, StatusCode::kUnavailable},
      {410, StatusCode::kNotFound},           {412, StatusCode::kAborted},
      {416, StatusCode::kOutOfRange},         {429, StatusCode::kResourceExhausted},
      {500, StatusCode::kUnavailable},        {501, StatusCode::kUnimplemented},
      {502, StatusCode::kUnavailable},        {503, StatusCode::kUnavailable},
      {504, StatusCode::kUnavailable}};
  for (const auto& [code, wanted] : expected) {
    const Status status = status_for(code);
    CHECK(status.code() == wanted);
    CHECK(detail(status, Detail::kHttpStatus) == std::to_string(code));
    CHECK(message(status).starts_with("the thing"));
  }
}

TEST_CASE("how long to wait") {
  const auto wait = [](HttpHeaders headers) {
    return detail(status_for(429, std::move(headers)), Detail::kRetryAfter);
  };
  CHECK(wait({{"Retry-After", "17"}}) == "17");
  CHECK(wait({{"Retry-After", " 17 "}}) == "17");
  CHECK(wait({{"Retry-After", "-3"}}) == "0");
  CHECK(wait({{"Date", "Sat, 21 Nov 2026 10:00:00 GMT"},
              {"Retry-After", "Sat, 21 Nov 2026 10:00:42 GMT"}}) == "42");
  CHECK(wait({{"Date", "Sat, 21 Nov 2026 10:00:00 GMT"},
              {"Retry-After", "Sat, 21 Nov 2026 09:00:00 GMT"}}) == "0");
  CHECK(wait({{"RateLimit", R"("api";r=0;t=55)"}}) == "55");
  CHECK(wait({{"RateLimit", R"("api";r=12;t=55)"}}) == std::nullopt);
  CHECK(wait({{"RateLimit", R"("a";r=0;t=5, "b"; r=0; t=9, "c";r=1;t=99)"}}) == "9");
  CHECK(wait({{"RateLimit", R"("api";r=0;t=55)"}, {"Retry-After", "3"}}) == "3");
  CHECK(wait({{"Retry-After", "soon"}}) == std::nullopt);
  CHECK(wait({}) == std::nullopt);
  CHECK(detail(status_for(503, {{"Retry-After", "8"}}), Detail::kRetryAfter) == "8");
  CHECK(detail(status_for(404, {{"Retry-After", "8"}}), Detail::kRetryAfter) == std::nullopt);
}

TEST_CASE("percent-encoding") {
  CHECK(percent_encode("a/b c~\xff%") == "a%2Fb%20c~%FF%25");
  CHECK(percent_encode("a/b", "/") == "a/b");
  CHECK(*percent_decode("a%2fb%20%FF+") == "a/b \xff+");
  CHECK_FALSE(percent_decode("%2").ok());
  CHECK_FALSE(percent_decode("%zz").ok());
  for (int i = 0; i < 256; ++i) {
    const std::string one(1, static_cast<char>(i));
    CHECK(*percent_decode(percent_encode(one)) == one);
  }
}

TEST_CASE("URLs and their origins") {
  const auto url = parse_http_url("HTTPS://Hub.Example/a/../b?q=1#frag");
  REQUIRE(url.ok());
  CHECK(url->origin() == "https://hub.example:443");
  CHECK(url->text.find('#') == std::string::npos);
  CHECK(url->without_query().find('?') == std::string::npos);
  CHECK(parse_http_url("http://h:80/")->same_origin(*parse_http_url("http://H/x")));
  CHECK_FALSE(parse_http_url("http://h:81/")->same_origin(*parse_http_url("http://h/")));
  CHECK(resolve_http_url(*url, "//other/x")->origin() == "https://other:443");
  CHECK(resolve_http_url(*url, "c")->origin() == url->origin());
  for (const char* local : {"http://127.0.0.1/", "http://127.8.9.1:5/", "http://localhost/",
                            "http://a.localhost/", "http://[::1]:8/", "http://127.1/"})
    CHECK(parse_http_url(local)->is_loopback());
  for (const char* other : {"http://127.0.0.1.example/", "http://localhost.example/",
                            "http://10.0.0.1/", "http://[::2]/"})
    CHECK_FALSE(parse_http_url(other)->is_loopback());
  for (const char* bad :
       {"", "http://", "nothing", "http://a b/", "javascript:1", "http://u@h/", "http://h:99999/"})
    CHECK_FALSE(parse_http_url(bad).ok());
}

}  // namespace
}  // namespace hubdist

// Which proxy the environment names for http.
#include <doctest/doctest.h>

#include "tests/support/environment.h"
#include "tests/support/fault_server.h"
#include <hubdist/io/http_client.h>

namespace hubdist {
namespace {

using testing::answer;
using testing::FaultHttpServer;
using testing::Variable;

// A proxy in place of the network: it answers for every host. The machine's own settings do not
// count.
struct Fixture {
  Variable none[7] = {{"http_proxy", ""},    {"HTTP_PROXY", ""}, {"no_proxy", ""},
                      {"NO_PROXY", ""},      {"all_proxy", ""},  {"ALL_PROXY", ""},
                      {"REQUEST_METHOD", ""}};
  FaultHttpServer proxy;
  Fixture() { proxy.on("*", answer(200, {}, "through the proxy")); }

  // Names under .invalid have no address: only a proxy can answer for them.
  bool reached(const std::string& url = "http://hub.invalid/x") {
    HttpRequest request;
    request.url = url;
    const auto reply = HttpClient().fetch(request);
    return reply.ok() && reply->body == "through the proxy";
  }
};

TEST_CASE_FIXTURE(Fixture, "HTTP_PROXY counts in capitals, too") {
  CHECK_FALSE(reached());
  const Variable capitals("HTTP_PROXY", proxy.url(""));
  CHECK(reached());
  CHECK(proxy.seen().at(0).target == "http://hub.invalid/x");
}

TEST_CASE_FIXTURE(Fixture, "http_proxy goes before HTTP_PROXY") {
  const Variable capitals("HTTP_PROXY", "http://127.0.0.1:9");
  const Variable small("http_proxy", proxy.url(""));
  CHECK(reached());
}

TEST_CASE_FIXTURE(Fixture, "HTTP_PROXY goes before ALL_PROXY") {
  const Variable capitals("HTTP_PROXY", proxy.url(""));
  const Variable all("ALL_PROXY", "http://127.0.0.1:9");
  CHECK(reached());
}

TEST_CASE_FIXTURE(Fixture, "NO_PROXY exempts hosts from HTTP_PROXY") {
  const Variable capitals("HTTP_PROXY", proxy.url(""));
  for (const char* name : {"NO_PROXY", "no_proxy"}) {
    const Variable none_for(name, "hub.invalid");
    CHECK_FALSE(reached());
    CHECK(reached("http://other.invalid/"));
  }
}

// A CGI program gets a client's field `Proxy:` as HTTP_PROXY.
TEST_CASE_FIXTURE(Fixture, "HTTP_PROXY does not count in a CGI program") {
  const Variable capitals("HTTP_PROXY", proxy.url(""));
  const Variable cgi("REQUEST_METHOD", "GET");
  CHECK_FALSE(reached());
}

TEST_CASE_FIXTURE(Fixture, "this machine is asked without HTTP_PROXY") {
  const Variable capitals("HTTP_PROXY", proxy.url(""));
  FaultHttpServer local;
  local.on("*", answer(200, {}, "direct"));
  CHECK_FALSE(reached(local.url("/")));
  CHECK(proxy.seen().empty());
}

}  // namespace
}  // namespace hubdist

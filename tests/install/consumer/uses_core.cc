// hubdist::core alone: no sockets, no curl.
#include <cstdio>

#include <hubdist/base/version.h>
#include <hubdist/core/hash.h>
#include <hubdist/core/uri.h>

int main() {
  const auto uri = hubdist::parse_uri("hf://org/model@v1/a.txt");
  if (!uri.ok()) return 1;
  std::printf("%s %s %s\n", std::string(hubdist::version()).c_str(), uri->path.c_str(),
              hubdist::blake3({}).hex().c_str());
}

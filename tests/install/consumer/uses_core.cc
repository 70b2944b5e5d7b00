// hubdist::core alone: no sockets, no curl.
#include <cstdio>
#include <string>
#include <vector>

#include <hubdist/base/version.h>
#include <hubdist/core/chunker.h>
#include <hubdist/core/hash.h>
#include <hubdist/core/uri.h>

int main() {
  const auto uri = hubdist::parse_uri("hf://org/model@v1/a.txt");
  if (!uri.ok()) return 1;
  hubdist::Chunker chunker;
  std::vector<std::uint64_t> ends;
  chunker.update(std::vector<std::byte>(300'000), ends);
  chunker.finish(ends);
  std::printf("%s %s %s", std::string(hubdist::version()).c_str(), uri->path.c_str(),
              hubdist::blake3({}).hex().c_str());
  for (const std::uint64_t end : ends) std::printf(" %llu", static_cast<unsigned long long>(end));
  std::printf("\n");
}

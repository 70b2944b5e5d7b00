// Downloads a snapshot into the Hugging Face cache: download owner/model [revision]
#include <iostream>

#include <hubdist/client/client.h>

int main(int argc, char** argv) {
  hubdist::SnapshotRequest request;
  if (argc > 1) request.repo_id = argv[1];
  if (argc > 2) request.revision = argv[2];

  const auto report = [&]() -> hubdist::Result<hubdist::DownloadReport> {
    HUBDIST_ASSIGN(auto options, hubdist::ClientOptions::from_environment());
    HUBDIST_ASSIGN(const auto client, hubdist::Client::create(std::move(options)));
    return client->download_snapshot(request);
  }();
  std::cout << (report.ok() ? report->path.string() : report.status().ToString()) << '\n';
  return report.ok() ? 0 : 1;
}

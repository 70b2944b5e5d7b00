// Estimates what each of the named files adds to those before it, as `hubdist dedupe` does.
#include <cstdio>
#include <string>

#include <hubdist/io/dedupe_files.h>

int main(int argc, char** argv) {
  std::vector<hubdist::DedupeSource> sources;
  for (int i = 1; i < argc; ++i) sources.push_back({argv[i], "", argv[i]});
  const auto report = hubdist::estimate_dedupe(hubdist::posix_file_system(), sources);
  if (!report.ok()) {
    std::fprintf(stderr, "%s\n", std::string(hubdist::message(report.status())).c_str());
    return 1;
  }
  for (const hubdist::DedupeVersion& version : report->versions)
    std::printf("%s: %llu bytes, %llu new, %llu sent\n", version.name.c_str(),
                static_cast<unsigned long long>(version.numbers.size),
                static_cast<unsigned long long>(version.numbers.new_bytes),
                static_cast<unsigned long long>(version.numbers.xet_upload));
}

#include <algorithm>

#include "core/report/html_parts.h"
#include "core/report/markup.h"
#include <hubdist/base/quantity.h>
#include <hubdist/base/strings.h>
#include <hubdist/base/version.h>

namespace hubdist {

using namespace report;

namespace {

constexpr std::size_t kMiniColumns = 100;     // of the strip beside a file in a table
constexpr std::size_t kManyMiniColumns = 40;  // where there are very many files
constexpr std::size_t kManyFiles = 2000;

constexpr std::string_view kLegend =
    "<p class=\"legend\"><span><span class=\"swatch new\"></span>new bytes</span>"
    "<span><span class=\"swatch known\"></span>known already</span>"
    "<span><span class=\"swatch both\"></span>both, finer than the picture: the height is the "
    "share</span></p>";

std::string title(const DedupeReport& report) {
  const std::vector<std::string> names = short_names(report);
  if (names.empty()) return "Dedupe report";
  if (names.size() == 1) return names[0] == "-" ? "standard input" : names[0];
  if (names.size() == 2) return concat(names[1], " against ", names[0]);
  return concat(names.back(), " against ", names.size() - 1, " before");
}

// The files of a version that a large figure is drawn of: those with the most new bytes, in the
// order of their paths.
std::vector<const DedupeFile*> figured(const DedupeVersion& version, std::size_t most) {
  std::vector<const DedupeFile*> files;
  for (const DedupeFile& file : version.files) {
    const bool only = version.files.size() == 1;
    if (file.change != FileChange::kRemoved && (only || file.numbers.new_bytes > 0))
      files.push_back(&file);
  }
  if (files.size() <= most) return files;
  std::stable_sort(files.begin(), files.end(), [](const auto* a, const auto* b) {
    return a->numbers.new_bytes > b->numbers.new_bytes;
  });
  files.resize(most);
  std::sort(files.begin(), files.end());
  return files;
}

std::string figures(const DedupeVersion& version, std::size_t number, std::size_t most,
                    FigureBudget& budget, JsonWriter& data) {
  const std::vector<const DedupeFile*> files = figured(version, most);
  const auto with_new = static_cast<std::size_t>(
      std::count_if(version.files.begin(), version.files.end(),
                    [](const DedupeFile& file) { return file.numbers.new_bytes > 0; }));
  std::string out = files.empty() ? "" : std::string(kLegend);
  if (with_new > files.size())
    out += concat("<p class=\"aside\">Shown large are the ", files.size(),
                  " files with the most new bytes, of ", format_integer(with_new), ".</p>");
  for (std::size_t i = 0; i < files.size(); ++i)
    out += figure(version, *files[i], concat("hd-", number, '-', i), budget, data);
  return out;
}

std::string version_facts(const DedupeVersion& version) {
  const DedupeNumbers& n = version.numbers;
  const std::string commit =
      version.commit.empty() ? "" : concat(" at commit <code>", escaped(version.commit), "</code>");
  if (version.files.size() == 1)
    return commit.empty() ? "" : concat("<p class=\"aside\">As it is", commit, ".</p>");
  return concat("<p class=\"aside\">", format_count(version.files.size(), "file"), commit, ": ",
                format_bytes(n.size), ", of which ", format_bytes(n.new_bytes), " new.</p>");
}

// The last version is shown open, those before it for who asks.
std::string section(const DedupeReport& report, std::size_t number, std::size_t most,
                    FigureBudget& budget, JsonWriter& data) {
  const DedupeVersion& version = report.versions[number];
  const std::size_t columns = version.files.size() > kManyFiles ? kManyMiniColumns : kMiniColumns;
  const std::string inside = concat(version_facts(version), file_table(version, columns),
                                    figures(version, number, most, budget, data));
  const std::string heading = concat("<h2><bdi>", escaped(version.name), "</bdi></h2>");
  if (number + 1 == report.versions.size())
    return concat("<section>", heading, inside, "</section>");
  return concat("<section class=\"before\"><details><summary>", heading, "<span>",
                format_bytes(version.numbers.size), number == 0 ? ", the first version" : "",
                "</span></summary>", inside, "</details></section>");
}

std::string assumptions(const DedupeReport& report) {
  std::string items;
  for (const std::string& sentence : report.assumptions)
    items += concat("<li>", escaped(sentence), "</li>");
  if (items.empty()) return {};
  return concat("<section><h2>What is assumed</h2><ul>", items, "</ul></section>");
}

std::string body(const DedupeReport& report) {
  FigureBudget budget;
  JsonWriter data;
  data.begin_object().key("figures").begin_array();
  const std::size_t most =
      std::max<std::size_t>(1, budget.figures / std::max<std::size_t>(1, report.versions.size()));
  std::string last;
  std::string before;
  for (std::size_t i = report.versions.size(); i-- > 0;)
    (last.empty() ? last : before) += section(report, i, most, budget, data);
  data.end_array().end_object();
  return concat(
      "<header><p class=\"kicker\">hubdist dedupe</p><button type=\"button\" class=\"theme\" "
      "hidden>Theme: auto</button><h1><bdi>",
      escaped(title(report)), "</bdi></h1>", summary(report), "</header>", last,
      version_table(report), before, assumptions(report), "<footer>hubdist ", version(), ", in ",
      format_fixed(report.seconds, 1),
      " s. A chunk is 8 to 128 KiB of content; sizes are in powers "
      "of 1000.</footer><script type=\"application/json\">",
      script_safe(data.take()), "</script>");
}

}  // namespace

std::string to_html(const DedupeReport& report) {
  return concat(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">"
      "<meta name=\"referrer\" content=\"no-referrer\"><link rel=\"icon\" href=\"data:,\">"
      "<meta name=\"color-scheme\" content=\"light dark\"><title>",
      escaped(title(report)), " \xe2\x80\x93 hubdist dedupe</title><style>body{margin:0}",
      style_text(), "</style></head><body><main class=\"hubdist-dedupe page\">", body(report),
      "</main><script>", script_text(), "</script></body></html>\n");
}

std::string to_html_fragment(const DedupeReport& report) {
  return concat("<div class=\"hubdist-dedupe\"><style>", style_text(), "</style>", body(report),
                "</div><script>", script_text(), "</script>\n");
}

}  // namespace hubdist

#include "cli/dedupe_text.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "cli/format.h"
#include <hubdist/base/quantity.h>
#include <hubdist/base/strings.h>

namespace hubdist::cli {
namespace {

constexpr std::size_t kMostUnchanged = 20;  // files: more of them are one line
constexpr std::size_t kLeastName = 24;      // columns: with less room a name has its own line
constexpr std::size_t kLeastBar = 20;
constexpr std::size_t kMostBar = 72;
constexpr std::size_t kGap = 2;
constexpr std::string_view kBullet = "  - ";

constexpr std::array<const char*, 7> kHeads = {"size",   "chunks", "new",  "compressed",
                                               "to Xet", "to LFS", "ratio"};
using Cells = std::array<std::string, kHeads.size()>;

std::string ratio(const DedupeNumbers& n) {
  if (n.xet_upload == 0) return "-";
  if (n.ratio() >= 99.95)
    return concat(format_integer(static_cast<std::uint64_t>(n.ratio() + 0.5)), 'x');
  return concat(format_fixed(n.ratio(), n.ratio() < 9.995 ? 2 : 1), 'x');
}

Cells cells_of(const DedupeNumbers& n) {
  return {format_bytes(n.size),
          format_integer(n.chunks),
          format_bytes(n.new_bytes),
          format_bytes(n.compressed),
          format_bytes(n.xet_upload),
          format_bytes(n.lfs_upload),
          ratio(n)};
}

struct Row {
  std::string name;
  std::size_t indent = 0;
  Cells cells;
  bool strong = false;
  std::string below;  // whole lines, already indented
};

class Table {
 public:
  explicit Table(const TextStyle& style) : style_(style) {}

  void add(Row row) { rows_.push_back(std::move(row)); }

  std::string draw() const {
    std::array<std::size_t, kHeads.size()> widths{};
    std::size_t numbers = 0;
    for (std::size_t c = 0; c < widths.size(); ++c) {
      widths[c] = std::string_view(kHeads[c]).size();
      for (const Row& row : rows_) widths[c] = std::max(widths[c], row.cells[c].size());
      numbers += kGap + widths[c];
    }
    std::size_t names = 0;
    for (const Row& row : rows_) names = std::max(names, row.indent + display_width(row.name));
    const bool stacked =
        style_.width > 0 && numbers + names > style_.width && numbers + kLeastName > style_.width;
    // A name that does not fit beside the numbers has a line of its own.
    const std::size_t room = stacked            ? 0
                             : style_.width > 0 ? std::min(names, style_.width - numbers)
                                                : names;
    std::string out = line({"", 0, heads(), false, ""}, room, widths);
    for (const Row& row : rows_) out += line(row, room, widths);
    return out;
  }

 private:
  static Cells heads() {
    Cells cells;
    std::copy(kHeads.begin(), kHeads.end(), cells.begin());
    return cells;
  }

  std::string line(const Row& row, std::size_t room,
                   const std::array<std::size_t, kHeads.size()>& widths) const {
    const std::size_t taken = row.indent + display_width(row.name);
    std::string out = std::string(row.indent, ' ') + emphasis(row.name, row.strong);
    if (row.cells[0].empty()) return row.name.empty() ? row.below : out + '\n' + row.below;
    if (taken > room) out += row.name.empty() ? "" : "\n";
    out += std::string(taken > room ? room : room - taken, ' ');
    for (std::size_t c = 0; c < widths.size(); ++c)
      out += std::string(kGap + widths[c] - row.cells[c].size(), ' ') + row.cells[c];
    return out + '\n' + row.below;
  }

  std::string emphasis(const std::string& text, bool strong) const {
    return strong && style_.color ? concat("\x1b[1m", text, "\x1b[0m") : text;
  }

  const TextStyle style_;
  std::vector<Row> rows_;
};

// A remark and the files that it is made about, in the order of their first.
using Remarks = std::vector<std::pair<std::string, std::size_t>>;

void collect(Remarks& remarks, std::string_view label, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    const std::string remark = concat(label, printable(text));
    const auto found = std::find_if(remarks.begin(), remarks.end(),
                                    [&](const auto& known) { return known.first == remark; });
    if (found == remarks.end())
      remarks.emplace_back(remark, 1);
    else
      ++found->second;
  }
}

class Writer {
 public:
  explicit Writer(const TextStyle& style) : style_(style), table_(style) {}

  std::string write(const DedupeReport& report) {
    DedupeNumbers total;
    for (std::size_t i = 0; i < report.versions.size(); ++i) {
      version(report.versions[i], i == 0);
      total += report.versions[i].numbers;
    }
    if (report.versions.size() > 1) table_.add({"all together", 0, cells_of(total), true, ""});
    std::string out = report.versions.empty() ? "nothing was compared\n" : table_.draw();
    if (bars_) out += legend();
    if (!report.assumptions.empty()) out += "\nassumed:\n";
    for (const std::string& sentence : report.assumptions)
      out += wrapped(printable(sentence), kBullet.size(), style_.width)
                 .replace(0, kBullet.size(), kBullet);
    return out;
  }

 private:
  void version(const DedupeVersion& version, bool first) {
    const bool one = version.files.size() == 1;
    const std::string commit =
        version.commit.empty() ? "" : concat(" (", printable(version.commit.substr(0, 12)), ')');
    Row row{concat(printable(version.name), commit), 0, cells_of(version.numbers), true, ""};
    if (one) row.below = details(version.files[0], first, true);
    Remarks remarks;
    for (const DedupeFile& file : version.files) {
      collect(remarks, "advice: ", file.advice);
      collect(remarks, "note: ", file.notes);
    }
    std::string said;
    for (const auto& [text, files] : remarks)
      said += wrapped(files == 1 ? text : concat(text, " (", format_count(files, "file"), ')'), 2,
                      style_.width);
    if (one) row.below += std::exchange(said, "");
    table_.add(std::move(row));
    if (!one) files(version, first);
    if (!said.empty()) table_.add({"", 0, {}, false, said});
  }

  void files(const DedupeVersion& version, bool first) {
    const auto unchanged = static_cast<std::size_t>(std::count_if(
        version.files.begin(), version.files.end(),
        [](const DedupeFile& file) { return file.change == FileChange::kUnchanged; }));
    const bool shortened = unchanged > kMostUnchanged;
    for (const DedupeFile& file : version.files) {
      if (shortened && file.change == FileChange::kUnchanged) continue;
      const bool removed = file.change == FileChange::kRemoved;
      table_.add({concat(printable(file.path), removed ? "  removed" : ""), 2,
                  removed ? Cells() : cells_of(file.numbers), false,
                  removed ? "" : details(file, first, false)});
    }
    if (shortened)
      table_.add({concat("and ", format_count(unchanged, "file"), " unchanged"), 2, {}, false, ""});
  }

  // The lines under a file: where new bytes lie, and what changed. A file that is a version `alone`
  // is compared with the one before whatever its name.
  std::string details(const DedupeFile& file, bool first, bool alone) {
    const DedupeNumbers& n = file.numbers;
    const std::size_t indent = alone ? 2 : 4;
    const bool partly = n.new_bytes > 0 && n.new_bytes < n.size;
    std::string text;
    const auto add = [&](const std::string& more) {
      if (!more.empty()) text += concat(text.empty() ? "" : "; ", printable(more));
    };
    if (!alone && !file.previous_path.empty()) add(concat("was ", file.previous_path));
    if (!first && file.change == FileChange::kAdded) add("added");
    if (partly) add(describe_changes(file));
    return concat(partly ? bar(file, indent) : "", wrapped(text, indent, style_.width));
  }

  std::string bar(const DedupeFile& file, std::size_t indent) {
    const std::size_t room = style_.width == 0 ? kMostBar : style_.width - 1;
    const std::size_t taken = indent + 2;  // brackets
    const std::size_t columns = std::min(kMostBar, std::max(kLeastBar, room) - taken);
    bars_ = true;
    return concat(std::string(indent, ' '), dedupe_bar(file, columns, style_), '\n');
  }

  std::string legend() const {
    if (!style_.unicode) return "\n# new  . known  + - both\n";
    if (!style_.color) return "\n\u2588 new  \u00b7 known  \u2584 both: the height is the share\n";
    constexpr std::string_view kOrange = "\x1b[38;5;208m";
    constexpr std::string_view kGrey = "\x1b[38;5;240m";
    constexpr std::string_view kOff = "\x1b[0m";
    return concat('\n', kOrange, "\u2588", kOff, " new  ", kGrey, "\u2588", kOff, " known  ",
                  "\x1b[38;5;208;48;5;240m\u2584", kOff, " both: the height is the share\n");
  }

  const TextStyle style_;
  Table table_;
  bool bars_ = false;
};

}  // namespace

std::string dedupe_text(const DedupeReport& report, const TextStyle& style) {
  return Writer(style).write(report);
}

}  // namespace hubdist::cli

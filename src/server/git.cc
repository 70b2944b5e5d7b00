#include <algorithm>
#include <charconv>

#include <openssl/evp.h>

#include <hubdist/base/json_writer.h>
#include <hubdist/server/git.h>

namespace hubdist {

namespace {

std::string_view mode_text(GitMode mode) {
  switch (mode) {
    case GitMode::kFile:
      return "100644";
    case GitMode::kExecutable:
      return "100755";
    case GitMode::kFolder:
      break;
  }
  return "40000";
}

std::string sort_name(const GitTreeEntry& entry) {
  return entry.mode == GitMode::kFolder ? entry.name + '/' : entry.name;
}

Status not_a_commit(std::string_view why) { return data_loss("not a commit object: ", why); }

// Cuts the first line off `text`, without its end.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// "Name <email> 1700000000 +0000"
Status parse_author(std::string_view text, GitCommit& commit) {
  const std::size_t open = text.find(" <");
  const std::size_t close = text.find("> ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return not_a_commit("its author cannot be read");
  commit.author = text.substr(0, open);
  commit.email = text.substr(open + 2, close - open - 2);
  const std::string_view time = text.substr(close + 2);
  const auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), commit.time);
  if (error != std::errc()) return not_a_commit("its time cannot be read");
  return {};
}

}  // namespace

Sha1 git_object_id(std::string_view type, std::string_view content) {
  const std::string header = concat(type, ' ', content.size(), '\0');
  Sha1 id;
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestInit_ex(context, EVP_sha1(), nullptr);
  EVP_DigestUpdate(context, header.data(), header.size());
  EVP_DigestUpdate(context, content.data(), content.size());
  EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(id.bytes.data()), nullptr);
  EVP_MD_CTX_free(context);
  return id;
}

std::string format_git_tree(std::vector<GitTreeEntry> entries) {
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return sort_name(a) < sort_name(b); });
  std::string content;
  for (const GitTreeEntry& entry : entries) {
    content += concat(mode_text(entry.mode), ' ', entry.name, '\0');
    content += as_text(entry.oid.bytes);
  }
  return content;
}

Sha1 git_tree_id(std::vector<GitTreeEntry> entries) {
  return git_object_id("tree", format_git_tree(std::move(entries)));
}

std::string GitCommit::title() const { return message.substr(0, message.find('\n')); }

std::string GitCommit::description() const {
  const std::size_t end = message.find('\n');
  if (end == std::string::npos) return "";
  const std::size_t begin = message.find_first_not_of('\n', end);
  if (begin == std::string::npos) return "";
  return message.substr(begin, message.find_last_not_of('\n') + 1 - begin);
}

std::string format_git_commit(const GitCommit& commit) {
  std::string text = concat("tree ", commit.tree.hex(), '\n');
  for (const Sha1& parent : commit.parents) text += concat("parent ", parent.hex(), '\n');
  const std::string who = concat(commit.author, " <", commit.email, "> ", commit.time, " +0000\n");
  text += concat("author ", who, "committer ", who, '\n', commit.message);
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

Result<GitCommit> parse_git_commit(std::string_view text) {
  GitCommit commit;
  bool has_tree = false;
  bool has_author = false;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty()) break;
    if (line.starts_with("tree ")) {
      HUBDIST_ASSIGN(commit.tree, Sha1::parse(line.substr(5)));
      has_tree = true;
    } else if (line.starts_with("parent ")) {
      HUBDIST_ASSIGN(const Sha1 parent, Sha1::parse(line.substr(7)));
      commit.parents.push_back(parent);
    } else if (line.starts_with("author ")) {
      HUBDIST_TRY(parse_author(line.substr(7), commit));
      has_author = true;
    }
  }
  if (!has_tree || !has_author) return not_a_commit("it has no tree or no author");
  commit.message = text;
  return commit;
}

std::string lfs_pointer(const Sha256& sha256, std::uint64_t size) {
  return concat("version https://git-lfs.github.com/spec/v1\noid sha256:", sha256.hex(), "\nsize ",
                size, '\n');
}

Status check_ref_name(std::string_view name) {
  const auto wrong = [&](std::string_view why) {
    return invalid_argument("'", name.substr(0, 200), "' is not a branch or tag name: ", why);
  };
  if (name.empty() || name == "@" || name == "HEAD") return wrong("it means something else");
  if (name.starts_with("refs/")) return wrong("'refs/' begins the full name of a ref");
  if (is_hex(name, 40)) return wrong("it looks like a commit id");
  if (name.front() == '/' || name.front() == '-' || name.back() == '/' || name.back() == '.')
    return wrong("it begins or ends wrongly");
  for (const std::string_view part : {"..", "//", "@{", "/.", ".lock/"})
    if (name.find(part) != std::string_view::npos) return wrong(concat("it contains ", part));
  if (name.front() == '.' || name.ends_with(".lock")) return wrong("it begins or ends wrongly");
  for (const char c : name)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f ||
        std::string_view("~^:?*[\\").find(c) != std::string_view::npos)
      return wrong("it contains a character that git forbids");
  if (!is_utf8(name)) return wrong("it is not UTF-8");
  return {};
}

}  // namespace hubdist

#include <charconv>
#include <ctime>

#include <hubdist/io/http_client.h>
#include <hubdist/server/repository.h>

namespace hubdist {

namespace {

constexpr std::uint64_t kMaxCommit = 1 * kMiB;
constexpr std::size_t kRefsPerPage = 1000;
constexpr std::size_t kMinShortId = 7;
constexpr std::uint64_t kMaxProof = 32;

bool is_missing(const Status& status) { return status.code() == StatusCode::kNotFound; }

Status revision_not_found(std::string_view revision) {
  return with_detail(not_found("Invalid rev id: ", revision.substr(0, 300)), Detail::kHubError,
                     "RevisionNotFound");
}

std::string refs_prefix(const StorageId& repo) { return concat("refs/", repo.text, '/'); }
std::string commit_key(const StorageId& repo, std::string_view id) {
  return concat("commits/", repo.text, '/', id);
}
std::string ref_key(const StorageId& repo, std::string_view ref) {
  return refs_prefix(repo) + percent_encode(ref);
}

}  // namespace

Result<std::vector<Ref>> Repositories::refs(const StorageId& repo) const {
  const std::string prefix = refs_prefix(repo);
  std::vector<Ref> refs;
  std::string last;
  for (bool more = true; more;) {
    HUBDIST_ASSIGN(const ObjectPage page, store_.list(prefix, last, kRefsPerPage));
    for (const StoredObject& object : page.objects) {
      last = object.key;
      HUBDIST_ASSIGN(std::string name, percent_decode(object.key.substr(prefix.size())));
      HUBDIST_ASSIGN(const std::optional<Sha1> commit, ref(repo, name));
      if (commit) refs.push_back({std::move(name), *commit});
    }
    more = page.more;
  }
  return refs;
}

Result<std::optional<Sha1>> Repositories::ref(const StorageId& repo, std::string_view ref) const {
  const std::string key = ref_key(repo, ref);
  if (!check_object_key(key).ok()) return std::nullopt;
  const auto object = store_.get(key, 64);
  if (is_missing(object.status())) return std::nullopt;
  if (!object.ok()) return object.status();
  HUBDIST_ASSIGN(const Sha1 commit, Sha1::parse(object->content));
  return std::optional<Sha1>(commit);
}

Result<Sha1> Repositories::resolve(const StorageId& repo, std::string_view revision) const {
  const std::string_view name = revision == "HEAD" ? kDefaultBranch : revision;
  if (name.starts_with("refs/")) {
    HUBDIST_ASSIGN(const auto commit, ref(repo, name));
    if (commit) return *commit;
    return revision_not_found(revision);
  }
  // A whole id means its commit, whatever branches are called; and who pins one asks for it often.
  if (is_hex(name, 40)) {
    const Status found = store_.head(commit_key(repo, name)).status();
    if (found.ok()) return Sha1::parse(name);
    if (!is_missing(found)) return found;
  }
  for (const std::string_view kind : {"refs/heads/", "refs/tags/"}) {
    HUBDIST_ASSIGN(const auto commit, ref(repo, concat(kind, name)));
    if (commit) return *commit;
  }
  if (name.size() < kMinShortId || name.size() >= 40 || !is_hex(name, name.size()))
    return revision_not_found(revision);
  HUBDIST_ASSIGN(const ObjectPage found, store_.list(commit_key(repo, name), "", 2));
  if (found.objects.size() != 1) return revision_not_found(revision);
  return Sha1::parse(std::string_view(found.objects[0].key).substr(commit_key(repo, "").size()));
}

Result<Commit> Repositories::commit(const StorageId& repo, const Sha1& id) const {
  const auto object = store_.get(commit_key(repo, id.hex()), kMaxCommit);
  if (is_missing(object.status())) return revision_not_found(id.hex());
  if (!object.ok()) return object.status();
  HUBDIST_ASSIGN(GitCommit content, parse_git_commit(object->content));
  return Commit{id, std::move(content)};
}

Result<Sha1> Repositories::put_commit(const StorageId& repo, const GitCommit& commit) {
  const std::string text = format_git_commit(commit);
  if (text.size() > kMaxCommit)
    return out_of_range("a commit of more than ", kMaxCommit, " bytes could not be read again");
  const Sha1 id = git_object_id("commit", text);
  HUBDIST_TRY(store_.put(commit_key(repo, id.hex()), as_bytes(text)));
  return id;
}

Status Repositories::move_ref(const StorageId& repo, std::string_view ref,
                              const std::optional<Sha1>& expected, const Sha1& commit) {
  const std::string key = ref_key(repo, ref);
  const auto object = store_.get(key, 64);
  if (!object.ok() && !is_missing(object.status())) return object.status();
  const bool as_expected =
      object.ok() ? expected && object->content == expected->hex() : !expected.has_value();
  if (!as_expected) return aborted("somebody else moved ", ref, " meanwhile");
  std::optional<std::string> version;
  if (object.ok()) version = object->version;
  return store_.put_if(key, as_bytes(commit.hex()), version).status();
}

Status Repositories::settle_ref(const StorageId& repo, std::string_view ref) {
  return store_.settle(ref_key(repo, ref));
}

Status Repositories::remove_ref(const StorageId& repo, std::string_view ref) {
  HUBDIST_ASSIGN(const auto commit, this->ref(repo, ref));
  if (!commit) return revision_not_found(ref);
  return store_.remove(ref_key(repo, ref));
}

Result<std::optional<std::uint64_t>> Repositories::proved_size(const StorageId& repo,
                                                               const Sha256& sha256) const {
  const auto object = store_.get(proof_key(repo, sha256), kMaxProof);
  if (is_missing(object.status())) return std::nullopt;
  if (!object.ok()) return object.status();
  std::uint64_t size = 0;
  const std::string& text = object->content;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size())
    return data_loss("the proof of ", sha256.hex(), " cannot be read");
  return std::optional<std::uint64_t>(size);
}

Status Repositories::put_proof(const StorageId& repo, const Sha256& sha256, std::uint64_t size) {
  return store_.put(proof_key(repo, sha256), as_bytes(std::to_string(size)));
}

std::string blob_key(const Sha256& sha256) {
  const std::string hex = sha256.hex();
  return concat("blobs/", hex.substr(0, 2), '/', hex);
}

std::string proof_key(const StorageId& repo, const Sha256& sha256) {
  const std::string hex = sha256.hex();
  return concat("proofs/", repo.text, '/', hex.substr(0, 2), '/', hex);
}

std::string iso_time(std::int64_t seconds_since_1970) {
  const auto when = static_cast<std::time_t>(seconds_since_1970);
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  char text[40];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000Z", &parts);
  return text;
}

}  // namespace hubdist

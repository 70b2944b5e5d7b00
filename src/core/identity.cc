#include <concepts>
#include <utility>
#include <variant>

#include "core/internal/text.h"
#include <hubdist/core/hash.h>
#include <hubdist/core/identity.h>
#include <hubdist/core/manifest.h>

namespace hubdist {
namespace {

constexpr std::string_view kSha256 = "sha256:";
constexpr std::string_view kXet = "xet:";
constexpr std::string_view kGitSha1 = "git-sha1:";
constexpr std::string_view kMd5 = "md5:";

template <typename D>
Result<D> parse_digest(std::string_view text) {
  if constexpr (std::same_as<D, XetHash>) return parse_xet_hex<XetHash>(text);
  return D::parse(text);
}

template <typename D>
Status parse_into(std::optional<D>& out, std::string_view text, std::string_view prefix) {
  auto digest = parse_digest<D>(text.substr(prefix.size()));
  if (!digest.ok())
    return with_context(digest.status(), concat("the digest '", internal::printable(text), "'"));
  out = *digest;
  return {};
}

std::string text_of(const XetHash& hash) { return xet_hex(hash); }
template <typename D>
std::string text_of(const D& digest) {
  return digest.hex();
}

// The hasher of one kind beside the digest that it has to reach.
template <typename Hasher, typename D>
struct Expectation {
  Hasher hasher;
  D expected;
  std::string_view kind;

  // Empty when the digest was reached.
  std::string difference() {
    const D found = hasher.finish();
    if (found == expected) return {};
    return concat("expected ", kind, text_of(expected), ", found ", kind, text_of(found));
  }
};
using Sha256Expectation = Expectation<Sha256Hasher, Sha256>;
using GitSha1Expectation = Expectation<GitSha1Hasher, Sha1>;
using Md5Expectation = Expectation<Md5Hasher, Md5>;
using XetExpectation = Expectation<XetHasher, XetHash>;

}  // namespace

std::string Identity::name() const {
  if (sha256) return concat(kSha256, sha256->hex());
  if (xet) return concat(kXet, xet_hex(*xet));
  if (git_sha1) return concat(kGitSha1, git_sha1->hex());
  if (md5) return concat(kMd5, md5->hex());
  return {};
}

Result<Identity> parse_identity(std::string_view text) {
  Identity identity;
  if (text.starts_with(kSha256)) {
    HUBDIST_TRY(parse_into(identity.sha256, text, kSha256));
  } else if (text.starts_with(kXet)) {
    HUBDIST_TRY(parse_into(identity.xet, text, kXet));
  } else if (text.starts_with(kGitSha1)) {
    HUBDIST_TRY(parse_into(identity.git_sha1, text, kGitSha1));
  } else if (text.starts_with(kMd5)) {
    HUBDIST_TRY(parse_into(identity.md5, text, kMd5));
  } else {
    return invalid_argument("the digest '", internal::printable(text),
                            "' has no known kind; write sha256:<64 hexadecimal digits>, "
                            "git-sha1:<40>, md5:<32> or xet:<64, as Xet writes its hashes>");
  }
  return identity;
}

struct IdentityHasher::State {
  std::variant<std::monostate, Sha256Expectation, GitSha1Expectation, Md5Expectation,
               XetExpectation>
      check;
  std::uint64_t size = 0;
  std::uint64_t seen = 0;
};

IdentityHasher::IdentityHasher(const Identity& expected, std::uint64_t size)
    : state_(std::make_unique<State>()) {
  state_->size = size;
  if (expected.sha256) {
    state_->check = Sha256Expectation{{}, *expected.sha256, kSha256};
  } else if (expected.git_sha1) {
    state_->check = GitSha1Expectation{GitSha1Hasher(size), *expected.git_sha1, kGitSha1};
  } else if (expected.md5) {
    state_->check = Md5Expectation{{}, *expected.md5, kMd5};
  } else if (expected.xet) {
    state_->check = XetExpectation{{}, *expected.xet, kXet};
  }
}

IdentityHasher::~IdentityHasher() = default;
IdentityHasher::IdentityHasher(IdentityHasher&&) noexcept = default;
IdentityHasher& IdentityHasher::operator=(IdentityHasher&&) noexcept = default;

void IdentityHasher::update(ByteView bytes) {
  state_->seen += bytes.size();
  std::visit(
      [bytes](auto& check) {
        if constexpr (requires { check.hasher; }) check.hasher.update(bytes);
      },
      state_->check);
}

Status IdentityHasher::finish() {
  std::string difference = std::visit(
      [](auto& check) -> std::string {
        if constexpr (requires { check.difference(); }) return check.difference();
        return {};
      },
      state_->check);
  if (difference.empty()) return {};
  if (state_->seen != state_->size)
    difference += concat(" after ", state_->seen, " bytes instead of ", state_->size);
  return data_loss("the content does not match: ", difference);
}

bool IdentityHasher::proves() const {
  return !std::holds_alternative<std::monostate>(state_->check);
}

}  // namespace hubdist

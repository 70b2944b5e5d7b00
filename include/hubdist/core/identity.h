// What names a content: the digests that a hub states for a file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <hubdist/core/digest.h>

namespace hubdist {

// The Xet file hash, in the byte order of BLAKE3's output (its Xet text form is in merkle.h).
using XetHash = Digest<32, struct XetHashTag>;

// Every digest that the origin states for one content. Any of them may be missing; with none of
// them the content cannot be proved and counts as `verified: no`.
struct Identity {
  std::optional<Sha256> sha256;
  std::optional<XetHash> xet;
  std::optional<Sha1> git_sha1;  // names a content only inside one repository
  std::optional<Md5> md5;        // a transfer checksum of object stores

  bool provable() const { return sha256 || xet || git_sha1 || md5; }
  // The digest that names the content best, as "sha256:<hex>", else "xet:<Xet hex>" (merkle.h),
  // "git-sha1:<hex>" or "md5:<hex>"; empty without any.
  std::string name() const;
  friend bool operator==(const Identity&, const Identity&) = default;
};

// A digest that a user gives: "sha256:<64 hex digits>", or any other form of Identity::name().
// InvalidArgument names what is wrong with it.
Result<Identity> parse_identity(std::string_view text);

// Hashes a content of `size` bytes, in order, against what an Identity states: the first of sha256,
// git_sha1, md5, xet that is there. A Xet hash comes last because it depends on where the content
// was cut: clients before September 2025 cut some files in other places, and those do not match.
// Not thread-safe.
class IdentityHasher {
 public:
  IdentityHasher(const Identity& expected, std::uint64_t size);
  ~IdentityHasher();
  IdentityHasher(IdentityHasher&&) noexcept;
  IdentityHasher& operator=(IdentityHasher&&) noexcept;
  void update(ByteView bytes);
  // OK when it matches; DataLoss that names the expected and the found digest when not. Verifies
  // nothing, and is OK, when no digest was stated.
  Status finish();
  // Whether finish() proves something.
  bool proves() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hubdist

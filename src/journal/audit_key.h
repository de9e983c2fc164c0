// The installation's signing key (Ed25519, RFC 8032, through libsodium) and what it signs: checkpoints, which say how
// the chain stood at a position, and removals, which say that events were removed by retention and how the chain goes
// on after them. Formats: docs/reference/audit.md. Thread-safe: nothing is shared.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "journal/audit_chain.h"
#include "value/value.h"

namespace gantry::journal {

struct PublicKey {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const PublicKey&) const = default;
  std::string pem() const;  // SubjectPublicKeyInfo, as openssl reads it
  std::string hex() const;
  static Result<PublicKey> from_pem(std::string_view text);
  static Result<PublicKey> from_bytes(std::string_view bytes);
};

using Signature = std::array<std::uint8_t, 64>;

class SigningKey {
 public:
  // Reads the PEM file (PKCS #8, as `openssl genpkey -algorithm ed25519` writes it); made with mode 0600 when there is
  // none. Errors: unavailable when it can't be read or made; invalid_argument when it is no such key; denied when
  // others than its owner may read it.
  static Result<SigningKey> open(const std::string& path);
  ~SigningKey();
  SigningKey(const SigningKey&) = default;
  SigningKey& operator=(const SigningKey&) = default;

  const PublicKey& public_key() const { return public_key_; }
  Signature sign(std::string_view message) const;

 private:
  SigningKey() = default;
  static Result<SigningKey> from_seed(std::string_view seed);
  std::array<std::uint8_t, 64> secret_{};
  PublicKey public_key_;
};

bool is_signed(std::string_view message, const Signature& signature, const PublicKey& key);

struct Checkpoint {
  ChainHead head;
  PublicKey key;
  Signature signature{};

  static std::string message(const ChainHead& head);
  static Checkpoint sign(const ChainHead& head, const SigningKey& key);
  bool is_genuine() const { return is_signed(message(head), signature, key); }
  // {"position","at","hash","key","signature"}: one line of an exported file.
  Value to_value() const;
  static Result<Checkpoint> from_value(const Value& value);
};

// Events first..last are gone: `before` is the hash of event first-1, `after` that of event last.
struct Removal {
  std::uint64_t first = 0, last = 0;
  std::int64_t at = 0;
  Digest before, after;
  PublicKey key;
  Signature signature{};

  std::string message() const;
  void sign(const SigningKey& signing_key);
  bool is_genuine() const { return is_signed(message(), signature, key); }
};

// Checkpoints, one JSON object a line; empty lines are skipped. Errors name the line.
Result<std::vector<Checkpoint>> parse_checkpoints(std::string_view text);

}  // namespace gantry::journal

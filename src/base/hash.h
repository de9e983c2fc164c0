// SHA-256, for digests of definitions, effects and stored payloads. Text form: 64 lower-case hexadecimal digits.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gantry {

struct Digest {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const Digest&) const = default;
  std::string hex() const;
  std::array<char, 64> hex_digits() const;  // the same
  static Result<Digest> from_hex(std::string_view hex);
};

Digest sha256(std::string_view bytes);

// The same of bytes that come in parts. After finish() it begins anew. Not for several threads at once.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void add(std::string_view bytes);
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Compares in time that depends on the lengths only; for secrets.
bool equal_in_constant_time(std::string_view left, std::string_view right);

}  // namespace gantry

#include "base/random.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/assert.h"

namespace gantry {

std::uint64_t Random::next() {
  std::uint64_t value = 0;
  fill(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

void SystemRandom::fill(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t count = getrandom(bytes.data(), bytes.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    GANTRY_ASSERT(count > 0, "getrandom failed");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

// SplitMix64 (Steele, Lea, Flood 2014): small, seedable from any value.
void SeededRandom::fill(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    z ^= z >> 31;
    std::size_t count = bytes.size() < sizeof z ? bytes.size() : sizeof z;
    std::memcpy(bytes.data(), &z, count);
    bytes = bytes.subspan(count);
  }
}

std::string new_identifier(Timestamp now, Random& random) {
  static constexpr char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  std::array<std::uint8_t, 16> bytes{};
  for (int i = 0; i < 6; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
  random.fill(std::as_writable_bytes(std::span(bytes).subspan(6)));
  // 128 bits as 26 digits of 5 bits, the first digit holding the top 3.
  std::string text(26, '0');
  unsigned __int128 number = 0;
  for (std::uint8_t byte : bytes) number = (number << 8) | byte;
  for (int i = 25; i >= 0; --i) {
    text[static_cast<std::size_t>(i)] = alphabet[static_cast<unsigned>(number & 31)];
    number >>= 5;
  }
  return text;
}

}  // namespace gantry

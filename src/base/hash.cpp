#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <cstring>

#include "base/assert.h"

namespace gantry {
namespace {

int hex_digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

// "000102...ff": in effects and verdicts of every step.
constexpr std::array<char, 512> hex_pairs = [] {
  constexpr char digits[] = "0123456789abcdef";
  std::array<char, 512> pairs{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    pairs[2 * byte] = digits[byte >> 4];
    pairs[2 * byte + 1] = digits[byte & 15];
  }
  return pairs;
}();

}  // namespace

std::array<char, 64> Digest::hex_digits() const {
  std::array<char, 64> digits;
  for (std::size_t i = 0; i < bytes.size(); ++i) std::memcpy(digits.data() + 2 * i, &hex_pairs[2 * bytes[i]], 2);
  return digits;
}

std::string Digest::hex() const {
  const auto digits = hex_digits();
  return {digits.data(), digits.size()};
}

Result<Digest> Digest::from_hex(std::string_view hex) {
  Error wrong{Code::invalid_argument, "a digest is 64 lower-case hexadecimal digits, found '" + std::string(hex.substr(0, 80)) + "'"};
  if (hex.size() != 64) return wrong;
  Digest digest;
  for (std::size_t i = 0; i < 32; ++i) {
    int high = hex_digit_value(hex[2 * i]);
    int low = hex_digit_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return wrong;
    digest.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return digest;
}

// OpenSSL's SHA256() looks the algorithm up anew at each call, which costs more than hashing a few hundred bytes.
Digest sha256(std::string_view bytes) {
  struct Context {
    EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ~Context() {
      EVP_MD_CTX_free(context);
      EVP_MD_free(algorithm);
    }
  };
  thread_local Context mine;
  Digest digest;
  const bool hashed = EVP_DigestInit_ex2(mine.context, mine.algorithm, nullptr) == 1 &&
                      EVP_DigestUpdate(mine.context, bytes.data(), bytes.size()) == 1 &&
                      EVP_DigestFinal_ex(mine.context, digest.bytes.data(), nullptr) == 1;
  GANTRY_ASSERT(hashed, "OpenSSL can't compute SHA-256");
  return digest;
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace gantry

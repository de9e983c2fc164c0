#include "tool/base64.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace gantry::tool {
namespace {

constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// 64: not in the alphabet.
constexpr std::array<std::uint8_t, 256> make_base64_digits() {
  std::array<std::uint8_t, 256> digits{};
  for (auto& digit : digits) digit = 64;
  for (std::size_t index = 0; index < base64_alphabet.size(); ++index) {
    digits[static_cast<unsigned char>(base64_alphabet[index])] = static_cast<std::uint8_t>(index);
  }
  return digits;
}
constexpr auto base64_digits = make_base64_digits();

}  // namespace

std::string encode_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto byte = [&](std::size_t index) -> std::uint32_t {
      return index < bytes.size() ? static_cast<unsigned char>(bytes[index]) : 0;
    };
    const std::uint32_t group = byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2);
    text += base64_alphabet[group >> 18];
    text += base64_alphabet[group >> 12 & 63];
    text += at + 1 < bytes.size() ? base64_alphabet[group >> 6 & 63] : '=';
    text += at + 2 < bytes.size() ? base64_alphabet[group & 63] : '=';
  }
  return text;
}

Result<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return Error{Code::invalid_argument,
                 fmt::format("base 64: {} characters, expected a multiple of four", text.size())};
  }
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::uint32_t digit = at >= text.size() - padding ? 0 : base64_digits[static_cast<unsigned char>(text[at])];
    if (digit == 64) return Error{Code::invalid_argument, fmt::format("base 64: wrong character at byte {}", at)};
    group = group << 6 | digit;
    if (at % 4 != 3) continue;
    bytes += static_cast<char>(group >> 16 & 255);
    bytes += static_cast<char>(group >> 8 & 255);
    bytes += static_cast<char>(group & 255);
    group = 0;
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

}  // namespace gantry::tool

#include "journal/audit_chain.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/assert.h"

namespace gantry::journal {

std::string_view bytes_of(const Digest& digest) {
  return view_of(digest.bytes);
}

std::optional<Digest> digest_from_bytes(std::string_view bytes) {
  Digest digest;
  if (bytes.size() != digest.bytes.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return digest;
}

std::string hex_of(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (char byte : bytes) {
    text.push_back(digits[static_cast<unsigned char>(byte) >> 4]);
    text.push_back(digits[static_cast<unsigned char>(byte) & 15]);
  }
  return text;
}

void append_big_endian(std::string& bytes, std::uint64_t number) {
  std::array<char, 8> big_endian;
  if constexpr (std::endian::native == std::endian::little) number = __builtin_bswap64(number);
  std::memcpy(big_endian.data(), &number, sizeof number);
  bytes.append(big_endian.data(), big_endian.size());
}

Salt ChainHasher::salt_of(const StreamSecret& secret, std::uint64_t sequence) {
  text_.assign(view_of(secret));
  append_big_endian(text_, sequence);
  Digest whole = of({text_});
  Salt salt;
  std::copy_n(whole.bytes.begin(), salt.size(), salt.begin());
  return salt;
}

Digest ChainHasher::digest_of(const Salt& salt, std::string_view data, std::string_view labels) {
  text_.assign(view_of(salt));
  append_big_endian(text_, data.size());
  hash_.add(text_);
  hash_.add(data);
  text_.clear();
  append_big_endian(text_, labels.size());
  text_.append(labels);
  hash_.add(text_);
  return hash_.finish();
}

Digest ChainHasher::hash_of(const Digest& before, const ChainLink& link, const Digest& digest) {
  GANTRY_ASSERT(link.type.size() <= 0xff && link.instance.size() <= 0xffff, "a name too long for its length field");
  text_.assign(bytes_of(before));
  append_big_endian(text_, link.position);
  append_big_endian(text_, static_cast<std::uint64_t>(link.at));
  append_big_endian(text_, link.sequence);
  text_.push_back(static_cast<char>(link.type.size()));
  text_.append(link.type);
  text_.push_back(static_cast<char>(link.instance.size() >> 8));
  text_.push_back(static_cast<char>(link.instance.size() & 0xff));
  text_.append(link.instance);
  text_.append(bytes_of(digest));
  return of({text_});
}

Digest ChainHasher::of(std::initializer_list<std::string_view> texts) {
  for (std::string_view text : texts) hash_.add(text);
  return hash_.finish();
}

}  // namespace gantry::journal

#include "journal/audit_chain.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/assert.h"

namespace gantry::journal {

struct ChainHasher::State {
  Sha256 hash;
  std::string text;  // of the links, kept for its memory
};

ChainHasher::ChainHasher() : state_(std::make_unique<State>()) {}
ChainHasher::~ChainHasher() = default;
ChainHasher::ChainHasher(ChainHasher&&) noexcept = default;
ChainHasher& ChainHasher::operator=(ChainHasher&&) noexcept = default;

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
  std::string& text = state_->text;
  text.assign(view_of(secret));
  append_big_endian(text, sequence);
  Digest whole = of({text});
  Salt salt;
  std::copy_n(whole.bytes.begin(), salt.size(), salt.begin());
  return salt;
}

Digest ChainHasher::digest_of(const Salt& salt, std::string_view data, std::string_view labels) {
  std::string& text = state_->text;
  text.assign(view_of(salt));
  append_big_endian(text, data.size());
  state_->hash.add(text);
  state_->hash.add(data);
  text.clear();
  append_big_endian(text, labels.size());
  text.append(labels);
  state_->hash.add(text);
  return state_->hash.finish();
}

Digest ChainHasher::hash_of(const Digest& before, const ChainLink& link, const Digest& digest) {
  GANTRY_ASSERT(link.type.size() <= 0xff && link.instance.size() <= 0xffff, "a name too long for its length field");
  std::string& text = state_->text;
  text.assign(bytes_of(before));
  append_big_endian(text, link.position);
  append_big_endian(text, static_cast<std::uint64_t>(link.at));
  append_big_endian(text, link.sequence);
  text.push_back(static_cast<char>(link.type.size()));
  text.append(link.type);
  text.push_back(static_cast<char>(link.instance.size() >> 8));
  text.push_back(static_cast<char>(link.instance.size() & 0xff));
  text.append(link.instance);
  text.append(bytes_of(digest));
  return of({text});
}

Digest ChainHasher::of(std::initializer_list<std::string_view> texts) {
  for (std::string_view text : texts) state_->hash.add(text);
  return state_->hash.finish();
}

}  // namespace gantry::journal

#include "journal/audit_chain.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/assert.h"

namespace gantry::journal {

// Fetched once: the look-up of the algorithm costs more than the hash of an event.
struct ChainHasher::State {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::string text;  // of the links, kept for its memory

  State() { GANTRY_ASSERT(algorithm && context, "OpenSSL has no SHA-256"); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(algorithm);
  }
  void start() { EVP_DigestInit_ex2(context, algorithm, nullptr); }
  void add(std::string_view bytes) { EVP_DigestUpdate(context, bytes.data(), bytes.size()); }
  Digest finish() {
    Digest digest;
    EVP_DigestFinal_ex(context, digest.bytes.data(), nullptr);
    return digest;
  }
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
  for (std::size_t i = 0; i < big_endian.size(); ++i) big_endian[i] = static_cast<char>(number >> (56 - 8 * i) & 0xff);
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
  state_->start();
  state_->add(text);
  state_->add(data);
  text.clear();
  append_big_endian(text, labels.size());
  text.append(labels);
  state_->add(text);
  return state_->finish();
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
  state_->start();
  for (std::string_view text : texts) state_->add(text);
  return state_->finish();
}

}  // namespace gantry::journal

#include "journal/audit_key.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/assert.h"
#include "value/json.h"

namespace gantry::journal {
namespace {

// The DER that stands before the 32 bytes of a key (RFC 8410).
constexpr std::string_view private_prefix("\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 16);
constexpr std::string_view public_prefix("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);
constexpr std::size_t key_file_bytes_max = 4096;

bool start_library() {
  static const bool started = sodium_init() >= 0;
  return started;
}

Result<std::string> bytes_from_hex(std::string_view hex, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t length = 0;
  const char* end = nullptr;
  if (hex.size() != 2 * size ||
      sodium_hex2bin(reinterpret_cast<unsigned char*>(bytes.data()), size, hex.data(), hex.size(), nullptr, &length,
                     &end) != 0 ||
      length != size)
    return Error{Code::invalid_argument,
                 fmt::format("expected {} hexadecimal digits, found '{}'", 2 * size, hex.substr(0, 140))};
  return bytes;
}

std::string to_pem(std::string_view name, std::string_view der) {
  std::string base64(sodium_base64_encoded_len(der.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(base64.data(), base64.size(), reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  base64.pop_back();  // the terminating zero
  return fmt::format("-----BEGIN {0}-----\n{1}\n-----END {0}-----\n", name, base64);
}

// The 32 bytes after `prefix` in the block called `name`.
Result<std::string> from_pem_block(std::string_view text, std::string_view name, std::string_view prefix) {
  Error wrong{Code::invalid_argument, fmt::format("expected an Ed25519 key in PEM ('-----BEGIN {}-----')", name)};
  std::string begin = fmt::format("-----BEGIN {}-----", name), end = fmt::format("-----END {}-----", name);
  std::size_t from = text.find(begin), to = text.find(end);
  if (from == std::string_view::npos || to == std::string_view::npos || to < from) return wrong;
  std::string_view base64 = text.substr(from + begin.size(), to - from - begin.size());
  std::string der(base64.size(), '\0');
  std::size_t length = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(der.data()), der.size(), base64.data(), base64.size(),
                        "\r\n \t", &length, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0)
    return wrong;
  der.resize(length);
  if (der.size() != prefix.size() + 32 || !der.starts_with(prefix)) return wrong;
  return der.substr(prefix.size());
}

std::string failure_text(int error) {
  return std::generic_category().message(error);
}

// Written under another name first: a crash leaves no half key.
Status write_new_key(const std::string& path, std::string_view pem) {
  std::string temporary = fmt::format("{}.{}.new", path, getpid());
  int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0)
    return Error{Code::unavailable, fmt::format("cannot make the signing key {}: {}", path, failure_text(errno))};
  bool written = ::write(file, pem.data(), pem.size()) == static_cast<ssize_t>(pem.size()) && ::fsync(file) == 0;
  int failure = errno;
  ::close(file);
  // link, not rename: a key that another process has made meanwhile stays.
  if (written && ::link(temporary.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    failure = errno;
    written = false;
  }
  ::unlink(temporary.c_str());
  if (!written)
    return Error{Code::unavailable, fmt::format("cannot make the signing key {}: {}", path, failure_text(failure))};
  return done();
}

Result<std::string> read_key_file(const std::string& path, int file) {
  struct stat about {};
  if (::fstat(file, &about) == 0 && (about.st_mode & 077) != 0)
    return Error{Code::denied, fmt::format("the signing key {} may be read by others (mode {:o}); run: chmod 600 {}",
                                           path, about.st_mode & 0777, path)};
  std::string text(key_file_bytes_max, '\0');
  ssize_t length = ::read(file, text.data(), text.size());
  if (length < 0)
    return Error{Code::unavailable, fmt::format("cannot read the signing key {}: {}", path, failure_text(errno))};
  text.resize(static_cast<std::size_t>(length));
  return text;
}

}  // namespace

std::string PublicKey::pem() const {
  return to_pem("PUBLIC KEY", std::string(public_prefix) + std::string(view_of(bytes)));
}
std::string PublicKey::hex() const {
  return hex_of(view_of(bytes));
}

Result<PublicKey> PublicKey::from_bytes(std::string_view bytes) {
  PublicKey key;
  if (bytes.size() != key.bytes.size())
    return Error{Code::invalid_argument, fmt::format("a public key has 32 bytes, found {}", bytes.size())};
  std::copy(bytes.begin(), bytes.end(), key.bytes.begin());
  return key;
}

Result<PublicKey> PublicKey::from_pem(std::string_view text) {
  std::string bytes = TRY(from_pem_block(text, "PUBLIC KEY", public_prefix));
  return from_bytes(bytes);
}

Result<SigningKey> SigningKey::from_seed(std::string_view seed) {
  if (!start_library()) return Error{Code::internal, "libsodium can't be started"};
  SigningKey key;
  crypto_sign_seed_keypair(key.public_key_.bytes.data(), key.secret_.data(),
                           reinterpret_cast<const unsigned char*>(seed.data()));
  return key;
}

Result<SigningKey> SigningKey::open(const std::string& path) {
  if (!start_library()) return Error{Code::internal, "libsodium can't be started"};
  int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) {
    std::string der(private_prefix);
    std::array<unsigned char, 32> seed{};
    randombytes_buf(seed.data(), seed.size());
    der.append(reinterpret_cast<const char*>(seed.data()), seed.size());
    TRY(write_new_key(path, to_pem("PRIVATE KEY", der)));
    sodium_memzero(seed.data(), seed.size());
    sodium_memzero(der.data(), der.size());
    file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  }
  if (file < 0)
    return Error{Code::unavailable, fmt::format("cannot read the signing key {}: {}", path, failure_text(errno))};
  auto text = read_key_file(path, file);
  ::close(file);
  if (!text) return text.error();
  auto seed = from_pem_block(*text, "PRIVATE KEY", private_prefix);
  sodium_memzero(text->data(), text->size());
  if (!seed) return Error{seed.error().code, fmt::format("{}: {}", path, seed.error().message)};
  auto key = from_seed(*seed);
  sodium_memzero(seed->data(), seed->size());
  return key;
}

SigningKey::~SigningKey() {
  sodium_memzero(secret_.data(), secret_.size());
}

Signature SigningKey::sign(std::string_view message) const {
  Signature signature;
  crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(message.data()),
                       message.size(), secret_.data());
  return signature;
}

bool is_signed(std::string_view message, const Signature& signature, const PublicKey& key) {
  return start_library() &&
         crypto_sign_verify_detached(signature.data(), reinterpret_cast<const unsigned char*>(message.data()),
                                     message.size(), key.bytes.data()) == 0;
}

std::string Checkpoint::message(const ChainHead& head) {
  std::string text = "gantry.checkpoint.1\n";
  append_big_endian(text, head.position);
  append_big_endian(text, static_cast<std::uint64_t>(head.at));
  text.append(bytes_of(head.hash));
  return text;
}

Checkpoint Checkpoint::sign(const ChainHead& head, const SigningKey& key) {
  return {head, key.public_key(), key.sign(message(head))};
}

Value Checkpoint::to_value() const {
  return Value::object({{"position", Value(static_cast<std::int64_t>(head.position))},
                        {"at", Value(head.at)},
                        {"hash", Value(head.hash.hex())},
                        {"key", Value(key.hex())},
                        {"signature", Value(hex_of(view_of(signature)))}});
}

Result<Checkpoint> Checkpoint::from_value(const Value& value) {
  if (!value.is_object()) return Error{Code::invalid_argument, "expected a checkpoint, an object"};
  for (const char* name : {"position", "at"})
    if (const Value* number = value.find(name); !number || !number->is_number())
      return Error{Code::invalid_argument, fmt::format("a checkpoint has a number '{}'", name)};
  Checkpoint checkpoint;
  checkpoint.head.position = static_cast<std::uint64_t>(value.integer_or("position", 0));
  checkpoint.head.at = value.integer_or("at", 0);
  checkpoint.head.hash = TRY(Digest::from_hex(value.string_or("hash", "")));
  std::string key = TRY(bytes_from_hex(value.string_or("key", ""), checkpoint.key.bytes.size()));
  std::copy(key.begin(), key.end(), checkpoint.key.bytes.begin());
  std::string signature = TRY(bytes_from_hex(value.string_or("signature", ""), checkpoint.signature.size()));
  std::copy(signature.begin(), signature.end(), checkpoint.signature.begin());
  return checkpoint;
}

std::string Removal::message() const {
  std::string text = "gantry.removal.1\n";
  append_big_endian(text, first);
  append_big_endian(text, last);
  append_big_endian(text, static_cast<std::uint64_t>(at));
  text.append(bytes_of(before));
  text.append(bytes_of(after));
  return text;
}

void Removal::sign(const SigningKey& signing_key) {
  key = signing_key.public_key();
  signature = signing_key.sign(message());
}

Result<std::vector<Checkpoint>> parse_checkpoints(std::string_view text) {
  std::vector<Checkpoint> checkpoints;
  for (std::size_t line = 1; !text.empty(); ++line) {
    std::string_view row = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), row.size() + 1));
    if (row.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto value = parse_json(row);
    auto checkpoint = value ? Checkpoint::from_value(*value) : Result<Checkpoint>(value.error());
    if (!checkpoint) return Error{Code::invalid_argument, fmt::format("line {}: {}", line, checkpoint.error().message)};
    checkpoints.push_back(*checkpoint);
  }
  return checkpoints;
}

}  // namespace gantry::journal

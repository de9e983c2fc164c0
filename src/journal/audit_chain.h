// The hash chain over the journal: every event's hash covers the hash of the event before it (by position), so that no
// event can be changed, removed, added or moved without every later hash changing. Pure functions; the format is
// specified byte for byte in docs/reference/audit.md, because others verify it with programs of their own.
//
//   salt   = first 16 bytes of SHA-256(secret || u64 sequence)
//   digest = SHA-256(salt || u64 length of data || data || u64 length of labels || labels)
//   hash   = SHA-256(hash before || u64 position || i64 at || u64 sequence || u8 length of type || type ||
//                    u16 length of instance || instance || digest)
// Numbers are big-endian; `at` is microseconds since 1970; the hash before the first event is 32 zero bytes.
//
// The hash covers the data by its salted digest only, so that data can be erased: the digest stays, and without the
// salt nobody can find out the data by trying.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/hash.h"

namespace gantry::journal {

using Salt = std::array<std::uint8_t, 16>;
using StreamSecret = std::array<std::uint8_t, 16>;  // random, one per instance; erased with its data

// What one link covers beside the data.
struct ChainLink {
  std::uint64_t position = 0;
  std::int64_t at = 0;  // microseconds since 1970
  std::uint64_t sequence = 0;
  std::string_view type;      // at most 255 bytes
  std::string_view instance;  // at most 65,535 bytes
};

// The hashes of the chain. One thread.
class ChainHasher {
 public:
  Salt salt_of(const StreamSecret& secret, std::uint64_t sequence);
  Digest digest_of(const Salt& salt, std::string_view data, std::string_view labels);
  Digest hash_of(const Digest& before, const ChainLink& link, const Digest& digest);
  // Of any texts one after the other.
  Digest of(std::initializer_list<std::string_view> texts);

 private:
  Sha256 hash_;
  std::string text_;  // kept for its memory
};

// Where the chain stands. Position 0, hash 0: nothing was written yet.
struct ChainHead {
  std::uint64_t position = 0;
  std::int64_t at = 0;
  Digest hash;
};

std::string_view bytes_of(const Digest& digest);
template <std::size_t size>
std::string_view view_of(const std::array<std::uint8_t, size>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), size};
}
std::string hex_of(std::string_view bytes);  // lower case
std::optional<Digest> digest_from_bytes(std::string_view bytes);  // none unless there are 32
void append_big_endian(std::string& bytes, std::uint64_t number);

}  // namespace gantry::journal

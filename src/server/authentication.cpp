#include "server/authentication.h"

#include <sodium.h>

#include <algorithm>

#include "base/hash.h"

namespace gantry::server {

NewToken create_token(std::string person, std::vector<std::string> roles, std::optional<Duration> valid_for, Timestamp now, Random& random) {
  std::array<unsigned char, 32> secret{};
  random.fill(std::as_writable_bytes(std::span(secret)));
  std::array<char, sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_URLSAFE_NO_PADDING)> text{};
  sodium_bin2base64(text.data(), text.size(), secret.data(), secret.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  NewToken created;
  created.token = std::string("gantry_") + text.data();
  created.record.hash = sha256(created.token).hex();
  created.record.person = std::move(person);
  created.record.roles = std::move(roles);
  created.record.created = now;
  if (valid_for) created.record.expires = now + *valid_for;
  return created;
}

Result<definition::Principal> authenticate(std::string_view authorization, journal::Query& query, Timestamp now) {
  Error refused{Code::denied, "a valid bearer token is needed: send 'Authorization: Bearer TOKEN' (create one with 'gantry token create')"};
  constexpr std::string_view scheme = "bearer ";  // in any case: RFC 9110, section 11.1
  const auto is_same = [](char given, char expected) { return given == expected || (given >= 'A' && given <= 'Z' && given + 32 == expected); };
  if (authorization.size() <= scheme.size() || authorization.size() > 200 ||
      !std::equal(scheme.begin(), scheme.end(), authorization.begin(), [&](char expected, char given) { return is_same(given, expected); }))
    return refused;
  // Looked up by hash, so no comparison depends on the secret's bytes.
  std::optional<journal::TokenRecord> record = TRY(query.find_token(sha256(authorization.substr(scheme.size())).hex()));
  if (!record || record->revoked || (record->expires && *record->expires <= now)) return refused;
  return definition::Principal{record->person, record->roles};
}

}  // namespace gantry::server

// Bearer tokens: 256 random bits, shown once when created, kept as SHA-256 only. A token stands for a person and roles.
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "definition/principal.h"
#include "journal/query.h"
#include "journal/store.h"

namespace gantry::server {

struct NewToken {
  std::string token;  // "gantry_" and 43 characters of URL-safe base 64; never stored, never logged
  journal::TokenRecord record;
};
NewToken create_token(std::string person, std::vector<std::string> roles, std::optional<Duration> valid_for, Timestamp now, Random& random);

// The principal of an "Authorization: Bearer ..." header. Errors: denied, with the same message for every wrong token.
Result<definition::Principal> authenticate(std::string_view authorization, journal::Query& query, Timestamp now);

}  // namespace gantry::server

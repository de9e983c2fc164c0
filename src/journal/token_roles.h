// What roles people hold, as far as the installation knows: those of their tokens.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

#include "journal/store.h"

namespace gantry::journal {

// Whether a token of the person that is neither revoked nor expired at `now` has the role.
inline bool holds_role(std::span<const TokenRecord> tokens, std::string_view person, std::string_view role,
                       Timestamp now) {
  return std::any_of(tokens.begin(), tokens.end(), [&](const TokenRecord& token) {
    return token.person == person && !token.revoked && (!token.expires || now < *token.expires) &&
           std::find(token.roles.begin(), token.roles.end(), role) != token.roles.end();
  });
}

}  // namespace gantry::journal

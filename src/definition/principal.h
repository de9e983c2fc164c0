// Who acts: a person (or service) and the roles it holds, taken from the authenticated request, never from a payload.
#pragma once

#include <string>
#include <vector>

namespace gantry::definition {

struct Principal {
  std::string person;
  std::vector<std::string> roles;
  bool has_role(std::string_view role) const {
    for (const std::string& held : roles)
      if (held == role) return true;
    return false;
  }
};

}  // namespace gantry::definition

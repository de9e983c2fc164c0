// A secret by reference: where it is kept, which tools may use it, to which hosts it may be sent. The secret itself is
// never part of a definition, an effect or an event. File form: docs/reference/secrets.md.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace gantry::definition {

struct SecretReference {
  enum class From { file, environment, credential } from = From::file;
  std::string place;               // path, name of a variable, or name below $CREDENTIALS_DIRECTORY
  std::vector<std::string> tools;  // empty: any; "http" is the standard's call: http
  std::vector<std::string> hosts;  // lower case; empty: any that egress.allow lets through
  bool operator==(const SecretReference&) const = default;
};
using SecretReferences = std::map<std::string, SecretReference>;

}  // namespace gantry::definition

// The secrets of a project, revealed one at a time to the driver that is about to send it, for one tool and one host.
// Files and credentials are read each time, so that a rotated secret counts from the next call on. No error and no
// warning holds a secret. Form and rules: docs/reference/secrets.md.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "definition/secret.h"

namespace gantry::tool {

// Where a secret is about to go.
struct SecretUse {
  std::string_view tool;
  std::string_view host;         // as the definition names it, lower case; empty: it stays on this machine
  bool host_from_outside = false;  // data that is not at least internal chose the host
};

// Immutable but for what is in the files; cheap to copy; any thread.
class Secrets {
 public:
  Secrets() = default;  // none
  // Fixed texts bound to nothing, for tests.
  Secrets(std::initializer_list<std::pair<const std::string, std::string>> texts);

  struct Opened;
  // Relative files start at `directory`. Variables of the environment are read here, once. Errors: not_found, denied
  // (a file that others may read or change), invalid_argument; each names the secret and the place.
  static Result<Opened> open(const definition::SecretReferences& references, const std::string& directory);

  // The text without line breaks at its end. Errors: denied, when there is no such secret, it is bound to other tools
  // or hosts, or it can't be read.
  Result<std::string> reveal(const std::string& name, const SecretUse& use) const;

 private:
  struct Entry {
    definition::SecretReference reference;
    std::string path;  // of files and credentials
    std::string text;  // of variables and fixed texts
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  std::shared_ptr<const Entries> entries_;
};

struct Secrets::Opened {
  Secrets secrets;
  std::vector<std::string> warnings;
};

}  // namespace gantry::tool

// Talks to a Gantry server over its HTTP API, for the commands that need one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "value/value.h"

namespace gantry::cli {

class Client {
 public:
  // The token comes from --token-file or GANTRY_TOKEN.
  static Result<Client> create(const ServerOptions& options);

  // `path` starts with /api/v1. Errors carry the server's `detail`; unavailable when it can't be reached.
  Result<Value> get(const std::string& path) const;
  Result<Value> post(const std::string& path, const Value& body, const std::vector<std::pair<std::string, std::string>>& headers = {}) const;
  // All pages of a list, at most 100,000 rows.
  Result<std::vector<Value>> list(const std::string& path) const;

 private:
  Result<Value> request(const std::string& method, const std::string& path, const std::string* body,
                        const std::vector<std::pair<std::string, std::string>>& headers) const;
  std::string url_, token_;
};

std::string percent_encode(std::string_view text);

}  // namespace gantry::cli

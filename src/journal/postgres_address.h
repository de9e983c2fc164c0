// Where a PostgreSQL database is, from its URL: postgres://[USER[:PASSWORD]@][HOST[:PORT]]/DATABASE[?schema=NAME&...].
// The password is nowhere but in what libpq gets: no error and no text for people has it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace gantry::journal {

bool is_postgres_url(std::string_view url);

class PostgresAddress {
 public:
  // Takes libpq's parameters that say where and how to connect; what is missing comes from PGHOST, PGPASSWORD and the
  // like, or the password file. Over TCP to another machine the certificate is verified unless sslmode says otherwise.
  // Errors: invalid_argument, without the URL in it.
  static Result<PostgresAddress> parse(const std::string& url);

  const std::vector<std::pair<std::string, std::string>>& parameters() const { return parameters_; }
  const std::string& schema() const { return schema_; }  // of the journal's tables; letters, digits and _
  const std::string& location() const { return location_; }

 private:
  Status take(const std::string& keyword, const std::string& value);
  void complete();

  std::vector<std::pair<std::string, std::string>> parameters_;
  std::string schema_ = "gantry";
  std::string location_;
};

}  // namespace gantry::journal

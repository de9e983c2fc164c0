// Where a PostgreSQL database is, from its URL: postgres://[USER[:PASSWORD]@][HOST[:PORT]]/DATABASE[?schema=NAME&partition=NUMBER&...].
// The password is nowhere but in what libpq gets: no error and no text for people has it.
#pragma once

#include <optional>
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
  // Of a database whose journal is in parts (partition.h): which part the URL names, and the schema of the first, whose
  // name the others' begin with.
  std::optional<std::size_t> partition() const { return partition_; }
  const std::string& base_schema() const { return base_schema_; }
  const std::string& location() const { return location_; }

 private:
  Status take(const std::string& keyword, const std::string& value);
  void complete();

  std::vector<std::pair<std::string, std::string>> parameters_;
  std::string base_schema_ = "gantry", schema_ = base_schema_;
  std::optional<std::size_t> partition_;
  std::string location_;
};

}  // namespace gantry::journal

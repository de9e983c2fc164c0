#include "journal/database_connection.h"

namespace gantry::journal {

Result<std::int64_t> DatabaseConnection::integer_of(const std::string& sql) {
  auto statement = TRY(prepare(sql));
  bool row = TRY(statement->step());
  return row ? statement->integer(0) : 0;
}

Result<DatabaseTransaction> DatabaseTransaction::begin(DatabaseConnection& connection) {
  TRY(connection.begin());
  return DatabaseTransaction(connection);
}

Status DatabaseTransaction::commit() {
  TRY(connection_->commit());
  connection_ = nullptr;
  return done();
}

}  // namespace gantry::journal

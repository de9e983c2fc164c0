// Inserts many rows with few statements: in SQLite running a statement costs about as much as the row that it inserts.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string>
#include <string_view>

#include "journal/database_connection.h"

namespace gantry::journal {

// The texts of one INSERT, for one row and for several. Lives as long as the program: statements are known by its
// address.
class InsertText {
 public:
  static constexpr std::size_t rows = 16;  // of the larger statement

  // `head` is all before the first row.
  InsertText(std::string_view head, int columns) : columns_(columns) {
    std::string row = "(?";
    for (int column = 1; column < columns; ++column) row += ",?";
    row += ")";
    one_ = many_ = fmt::format("{} VALUES {}", head, row);
    for (std::size_t i = 1; i < rows; ++i) many_ += "," + row;
  }
  const char* one() const { return one_.c_str(); }
  const char* many() const { return many_.c_str(); }
  int columns() const { return columns_; }

 private:
  int columns_;
  std::string one_, many_;
};

// `bind(statement, before, row)` binds the columns of one row to the parameters `before` + 1, ... What it binds has to
// live until this returns.
template <class Row, class Bind>
Status insert_rows(DatabaseConnection& connection, const InsertText& text, std::span<const Row> rows,
                   const Bind& bind) {
  while (!rows.empty()) {
    const std::size_t count = rows.size() < InsertText::rows ? 1 : InsertText::rows;
    auto insert = TRY(connection.use(count == 1 ? text.one() : text.many()));
    for (std::size_t i = 0; i < count; ++i) bind(*insert, static_cast<int>(i) * text.columns(), rows[i]);
    TRY(insert->run());
    rows = rows.subspan(count);
  }
  return done();
}

}  // namespace gantry::journal

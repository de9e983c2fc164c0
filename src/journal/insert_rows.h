// Inserts many rows with few statements: in SQLite running a statement costs about as much as the row that it inserts.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "journal/database_connection.h"

namespace gantry::journal {

// The texts of one INSERT, for one row and for each larger number of rows up to `rows_max`. Lives as long as the
// program: statements are known by its address.
class InsertText {
 public:
  static constexpr std::size_t rows_max = 16;

  // `head` is all before the first row, `tail` all after the last one.
  InsertText(std::string_view head, int columns, std::string_view tail = {}) : columns_(columns) {
    std::string row = "(?";
    for (int column = 1; column < columns; ++column) row += ",?";
    row += ")";
    std::string rows = fmt::format("{} VALUES {}", head, row);
    for (std::string& text : texts_) {
      text = fmt::format("{}{}", rows, tail);
      rows += "," + row;
    }
  }
  const char* of(std::size_t rows) const { return texts_.at(rows - 1).c_str(); }
  int columns() const { return columns_; }

 private:
  int columns_;
  std::array<std::string, rows_max> texts_;
};

// `bind(statement, before, row)` binds the columns of one row to the parameters `before` + 1, ... What it binds has to
// live until this returns.
template <class Row, class Bind>
Status insert_rows(DatabaseConnection& connection, const InsertText& text, std::span<const Row> rows,
                   const Bind& bind) {
  while (!rows.empty()) {
    const std::size_t count = std::min(rows.size(), InsertText::rows_max);
    auto insert = TRY(connection.use(text.of(count)));
    for (std::size_t i = 0; i < count; ++i) bind(*insert, static_cast<int>(i) * text.columns(), rows[i]);
    TRY(insert->run());
    rows = rows.subspan(count);
  }
  return done();
}

}  // namespace gantry::journal

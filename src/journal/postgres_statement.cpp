// Statements of PostgreSQL: parameters, rows in the binary format.
#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <limits>

#include "journal/postgres_connection.h"

namespace gantry::journal {
namespace {

constexpr int scan_rows = 500;  // that a scan has in memory

// PostgreSQL's numbers of types (pg_type.dat); they don't change.
enum PostgresType : Oid {
  type_bool = 16,
  type_bigint = 20,
  type_smallint = 21,
  type_integer = 23,
  type_oid = 26,
  type_real = 700,
  type_double = 701
};

// Bytes in network order.
std::uint64_t number_from(const char* bytes, int count) {
  std::uint64_t number = 0;
  for (int i = 0; i < count; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

}  // namespace

std::size_t PostgresParameters::room_for(int parameter) {
  const auto count = static_cast<std::size_t>(parameter);
  if (values_.size() < count) {
    values_.resize(count, nullptr);
    lengths_.resize(count, 0);
    formats_.resize(count, 0);
    digits_.resize(count);
  }
  return count - 1;
}

void PostgresParameters::set(int parameter, std::int64_t number) {
  const std::size_t at = room_for(parameter);
  if (!digits_[at]) digits_[at] = std::make_unique<std::array<char, 24>>();
  *fmt::format_to(digits_[at]->data(), "{}", number) = '\0';
  values_[at] = digits_[at]->data();
  formats_[at] = 0;
}

void PostgresParameters::set(int parameter, std::string_view bytes) {
  const std::size_t at = room_for(parameter);
  values_[at] = bytes.data() ? bytes.data() : "";
  lengths_[at] = static_cast<int>(std::min<std::size_t>(bytes.size(), std::numeric_limits<int>::max()));
  formats_[at] = 1;
}

void PostgresParameters::set_null(int parameter) {
  values_[room_for(parameter)] = nullptr;
}

DatabaseStatement& PostgresStatement::bind(int parameter, std::int64_t number) {
  parameters_.set(parameter, number);
  return *this;
}

DatabaseStatement& PostgresStatement::bind(int parameter, std::string_view text) {
  parameters_.set(parameter, text);
  return *this;
}

DatabaseStatement& PostgresStatement::bind_null(int parameter) {
  parameters_.set_null(parameter);
  return *this;
}

DatabaseStatement& PostgresStatement::bind_blob(int parameter, std::string_view bytes) {
  parameters_.set(parameter, bytes);
  return *this;
}

Status PostgresStatement::fetch() {
  if (!scan_) {
    result_ = TRY(connection_.ask(sql_, name_, parameters_));
  } else {
    if (!connection_.in_transaction()) return Error{Code::internal, "a scan needs a transaction"};
    if (cursor_.empty()) {
      const std::string name = connection_.new_name("scan");
      TRY(connection_.send(fmt::format("DECLARE {} NO SCROLL CURSOR FOR {}", name, sql_), "", parameters_));
      cursor_ = name;
    }
    result_ = TRY(connection_.ask(fmt::format("FETCH {} FROM {}", scan_rows, cursor_), "", {}));
  }
  row_ = 0;
  return done();
}

Result<bool> PostgresStatement::step() {
  const bool started = row_ >= 0;
  if (started) ++row_;
  if (!started || (scan_ && row_ == scan_rows)) TRY(fetch());
  return row_ < pq().PQntuples(result_.get());
}

Status PostgresStatement::run() {
  Status status = connection_.send(sql_, name_, parameters_);
  reset();
  return status;
}

Result<std::int64_t> PostgresStatement::run_counted() {
  auto result = connection_.ask(sql_, name_, parameters_);
  reset();
  if (!result) return result.error();
  const std::string_view count = pq().PQcmdTuples(result->get());
  std::int64_t changed = 0;
  for (char digit : count) changed = changed * 10 + (digit - '0');
  return changed;
}

void PostgresStatement::reset() {
  if (!cursor_.empty() && connection_.in_transaction()) (void)connection_.send("CLOSE " + cursor_, "", {});
  cursor_.clear();
  result_.reset();
  row_ = -1;
}

const PGresult* PostgresStatement::description() const {
  if (!result_) {
    auto described = connection_.describe(sql_);
    if (described) result_ = *std::move(described);
  }
  return result_.get();
}

int PostgresStatement::column_count() const {
  return pq().PQnfields(description());
}

std::string_view PostgresStatement::column_name(int column) const {
  return pq().PQfname(description(), column);
}

bool PostgresStatement::is_null(int column) const {
  return pq().PQgetisnull(result_.get(), row_, column) != 0;
}

bool PostgresStatement::is_integer(int column) const {
  switch (pq().PQftype(result_.get(), column)) {
    case type_bool:
    case type_bigint:
    case type_smallint:
    case type_integer:
    case type_oid:
      return !is_null(column);
    default:
      return false;
  }
}

std::int64_t PostgresStatement::integer(int column) const {
  if (is_null(column)) return 0;
  const char* value = pq().PQgetvalue(result_.get(), row_, column);
  const Oid type = pq().PQftype(result_.get(), column);
  switch (type) {
    case type_bool:
      return *value != 0;
    case type_bigint:
      return static_cast<std::int64_t>(number_from(value, 8));
    case type_integer:
      return static_cast<std::int32_t>(number_from(value, 4));
    case type_smallint:
      return static_cast<std::int16_t>(number_from(value, 2));
    case type_oid:
      return static_cast<std::int64_t>(number_from(value, 4));
    case type_real:
    case type_double:
      return static_cast<std::int64_t>(real(column));
    default:
      return std::strtoll(value, nullptr, 10);
  }
}

double PostgresStatement::real(int column) const {
  if (is_null(column)) return 0;
  const char* value = pq().PQgetvalue(result_.get(), row_, column);
  switch (pq().PQftype(result_.get(), column)) {
    case type_double:
      return std::bit_cast<double>(number_from(value, 8));
    case type_real:
      return std::bit_cast<float>(static_cast<std::uint32_t>(number_from(value, 4)));
    default:
      return static_cast<double>(integer(column));
  }
}

std::string_view PostgresStatement::text(int column) const {
  if (is_null(column)) return {};
  if (!is_integer(column)) return blob(column);
  number_text_ = std::to_string(integer(column));
  return number_text_;
}

std::string_view PostgresStatement::blob(int column) const {
  if (is_null(column)) return {};
  return {pq().PQgetvalue(result_.get(), row_, column),
          static_cast<std::size_t>(pq().PQgetlength(result_.get(), row_, column))};
}

}  // namespace gantry::journal

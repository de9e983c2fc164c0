#include <fmt/format.h>

#include "journal/audit_export.h"
#include "journal/sqlite_chain.h"
#include "journal/sqlite_reader.h"
#include "journal/stored_utf8.h"
#include "value/json.h"

namespace gantry::journal {
namespace {

constexpr const char* of_instance =
    " AND e.position IN (SELECT position FROM journal_stream_event WHERE stream = (SELECT number FROM journal_stream "
    "WHERE id = ?1))";

std::string quoted(std::string_view text) {
  return print_json(Value(text));
}

// The salt that verifies the event, or the digest that stands for its data.
Result<std::string> proof_of(const DatabaseStatement& row, ChainHasher& hasher) {
  if (!row.is_null(10)) return fmt::format("\"digest\":\"{}\"", hex_of(row.blob(10)));
  if (!row.is_null(9)) return fmt::format("\"salt\":\"{}\"", hex_of(row.blob(9)));
  auto secret = TRY(secret_from_column(row, 8));
  const Salt salt = hasher.salt_of(secret.value_or(StreamSecret{}), static_cast<std::uint64_t>(row.integer(2)));
  return fmt::format("\"salt\":\"{}\"", hex_of({reinterpret_cast<const char*>(salt.data()), salt.size()}));
}

Status write_events(DatabaseConnection& connection, const ExportFilter& filter, const ExportSink& sink) {
  auto select = TRY(connection.prepare_scan(fmt::format(
      "SELECT e.position, s.id, e.sequence, e.at, y.name, e.hash, e.data, e.labels, s.secret, t.salt, g.digest FROM "
      "journal_event e JOIN journal_stream s ON s.number = e.stream JOIN journal_event_type y ON y.number = e.type "
      "LEFT JOIN journal_salt t ON t.position = e.position LEFT JOIN journal_erased g ON g.position = e.position "
      "WHERE TRUE{} ORDER BY e.position",
      filter.instance ? of_instance : "")));
  if (filter.instance) select->bind(1, std::string_view(*filter.instance));
  ChainHasher hasher;
  while (TRY(select->step())) {
    const std::string proof = TRY(proof_of(*select, hasher));
    std::string line = fmt::format(
        "{{\"position\":{},\"instance\":{},\"sequence\":{},\"at\":{},\"time\":\"{}\",\"type\":{},\"hash\":\"{}\",{},"
        "\"data\":{}",
        select->integer(0), quoted(readable_text(select->text(1))), select->integer(2), select->integer(3),
        format_timestamp(Timestamp(Duration(select->integer(3)))), quoted(select->text(4)), hex_of(select->blob(5)),
        proof, readable_text(select->text(6)));
    if (!select->is_null(7)) line.append(",\"labels\":").append(readable_text(select->text(7)));
    line += "}\n";
    TRY(sink(line));
  }
  return done();
}

Status write_blobs(DatabaseConnection& connection, const ExportFilter& filter, const ExportSink& sink) {
  auto select = TRY(connection.prepare_scan(
      filter.instance ? fmt::format("SELECT DISTINCT b.hash, b.data, b.labels FROM journal_event e, json_tree(e.data) "
                                    "t JOIN journal_blob b ON "
                                    "b.hash = t.value WHERE t.key = '$blob' AND instr(e.data, '\"$blob\"') > 0{}",
                                    of_instance)
                      : "SELECT hash, data, labels FROM journal_blob ORDER BY number"));
  if (filter.instance) select->bind(1, std::string_view(*filter.instance));
  while (TRY(select->step())) {
    std::string line = fmt::format("{{\"blob\":{},\"data\":{}", quoted(select->text(0)), readable_text(select->text(1)));
    if (!select->is_null(2)) line.append(",\"labels\":").append(readable_text(select->text(2)));
    line += "}\n";
    TRY(sink(line));
  }
  return done();
}

Status write_signed(DatabaseConnection& connection, const ExportSink& sink) {
  auto checkpoints = TRY(read_checkpoints(connection));
  for (const Checkpoint& checkpoint : checkpoints)
    TRY(sink(fmt::format("{{\"checkpoint\":{}}}\n", print_json(checkpoint.to_value()))));
  auto select = TRY(
      connection.prepare("SELECT first, last, at, before, after, key, signature FROM journal_removal ORDER BY first"));
  while (TRY(select->step()))
    TRY(
        sink(fmt::format("{{\"removal\":{{\"first\":{},\"last\":{},\"at\":{},\"before\":\"{}\",\"after\":\"{}\","
                         "\"key\":\"{}\",\"signature\":\"{}\"}}}}\n",
                         select->integer(0), select->integer(1), select->integer(2), hex_of(select->blob(3)),
                         hex_of(select->blob(4)), hex_of(select->blob(5)), hex_of(select->blob(6)))));
  return done();
}

}  // namespace

Status export_lines(Store& store, const ExportFilter& filter, const ExportSink& sink) {
  auto connection = TRY(reader_of(store));
  std::lock_guard lock(connection->mutex());
  TRY(connection->begin_reading());
  auto write = [&]() -> Status {
    TRY(write_events(*connection, filter, sink));
    TRY(write_blobs(*connection, filter, sink));
    return filter.instance ? done() : write_signed(*connection, sink);
  };
  Status status = write();
  connection->roll_back();
  return status;
}

}  // namespace gantry::journal

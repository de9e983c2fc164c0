#include "journal/missing_blobs.h"

#include "journal/stored_data.h"

namespace gantry::journal {

Result<std::vector<MissingBlob>> missing_blobs(DatabaseConnection& connection, std::size_t count_max) {
  std::vector<MissingBlob> missing;
  auto kept = TRY(connection.prepare("SELECT 1 FROM journal_blob WHERE hash = ?"));
  auto events = TRY(connection.prepare_scan(
      "SELECT e.position, e.data FROM journal_event e WHERE instr(e.data, '\"$blob\"') > 0 AND NOT EXISTS (SELECT 1 FROM "
      "journal_erased g WHERE g.position = e.position) ORDER BY e.position"));
  while (missing.size() < count_max && TRY(events->step())) {
    const std::int64_t position = events->integer(0);
    auto data = from_stored_text(events->text(1), "");
    if (!data) continue;
    const auto look = [&](std::string_view hash) -> Result<Value> {
      kept->reset();
      kept->bind(1, hash);
      if (!TRY(kept->step())) missing.push_back({position, std::string(hash)});
      return Value();
    };
    TRY(join_data(*std::move(data), look));
  }
  return missing;
}

}  // namespace gantry::journal

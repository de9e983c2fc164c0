// How retention changes the tables, within one transaction of the store. Private to the module.
#pragma once

#include <map>
#include <vector>

#include "journal/retention.h"
#include "journal/sqlite_chain.h"
#include "journal/sqlite_places.h"
#include "journal/sqlite_projection.h"

namespace gantry::journal {

class SqliteRetention {
 public:
  SqliteRetention(DatabaseConnection& connection, SqliteChain& chain, SqliteProjection& projection, SqlitePlaces& places)
      : connection_(connection), chain_(chain), projection_(projection), places_(places) {}

  Result<Removed> run(const std::vector<std::string>& instances, const RetentionPolicy& policy, Timestamp now,
                      std::size_t events_max);
  // Whole instances by workflow: what instances_removed says.
  const std::map<std::string, std::size_t>& by_workflow() const { return by_workflow_; }

 private:
  Status take(const std::string& instance, const RetentionPolicy& policy, Timestamp now, std::size_t events_max,
              Removed& removed);
  Status remove_run(std::int64_t first, std::int64_t last);
  Result<Digest> hash_before(std::int64_t position);
  Status check_run(std::int64_t first, std::int64_t last, const Digest& before, Removal& removal);
  Status join_neighbours(Removal& removal);
  Status drop_streams();

  DatabaseConnection& connection_;
  SqliteChain& chain_;
  SqliteProjection& projection_;
  SqlitePlaces& places_;
  std::vector<std::int64_t> positions_;
  std::vector<std::int64_t> finished_;  // streams without events now
  std::map<std::string, std::size_t> by_workflow_;
};

// SQL for "this instance (alias i, its workflow w, its stream s) may go as far as anything but its age says".
inline constexpr const char* removable_condition =
    "i.status <> 0 AND NOT (i.lingers = 1 AND EXISTS (SELECT 1 FROM journal_effect_all f WHERE f.first_event IN (SELECT "
    "position FROM journal_stream_event WHERE stream = i.stream) AND f.state IN (1, 2))) AND NOT EXISTS (SELECT 1 FROM journal_hold h WHERE h.scope IN ('instance:' || s.id, 'workflow:' || w.namespace || "
    "'/' || w.name)) AND NOT EXISTS (SELECT 1 FROM journal_stream ps JOIN journal_instance p ON p.stream = ps.number "
    "WHERE ps.id = i.parent AND p.status = 0)";

}  // namespace gantry::journal

// The reading side on SQLite. Private to its files: sqlite_query.cpp (instances, their events, pages),
// sqlite_query_work.cpp (tasks, effects, CloudEvents, totals), sqlite_query_audit.cpp.
#pragma once

#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "journal/query.h"
#include "journal/database_connection.h"
#include "journal/sqlite_schema.h"
#include "journal/sqlite_store.h"

namespace gantry::journal {

inline constexpr std::size_t detail_rows_max = 1000;  // effects, tasks and children of one instance; the rest by page

inline constexpr const char* instance_columns =
    "v.number, v.id, v.status, v.workflow_namespace, v.workflow_name, v.workflow_version, v.workflow_digest, "
    "v.project, v.person, v.key,"
    " v.parent, v.parent_task, v.started_at, v.ended_at";
inline constexpr const char* effect_columns =
    "v.position, v.id, v.instance, v.task, v.tool, v.operation, v.class, v.state, v.attempts, v.digest, v.key, v.rule, "
    "v.reason, v.resolved_by,"
    " v.proposed_at, v.permitted_at, v.ended_at";
inline constexpr const char* task_columns =
    "v.position, v.id, v.instance, v.kind, v.title, v.state, v.outcome, v.effect, v.digest, v.requester, v.roles, "
    "v.answered_by, v.created_at,"
    " v.expires_at, v.closed_at";

// A row as an object: "workflow_name" is the member "workflowName".
Result<Value> row_object(const DatabaseStatement& row);
// Cursors are the decimal number of the last row's place.
Result<std::optional<std::int64_t>> read_cursor(const std::string& cursor);
Status check_limit(const PageRequest& page);
Error nothing_found(const char* what, std::string_view id);

class SqliteQuery final : public Query {
 public:
  explicit SqliteQuery(std::shared_ptr<DatabaseConnection> connection) : connection_(std::move(connection)) {}

  Result<Page> instances(const InstanceFilter& filter, const PageRequest& page) override;
  Result<Value> instance(std::string_view id) override;
  Result<Page> events(std::string_view instance, const PageRequest& page) override;
  Result<Page> audit(const AuditFilter& filter, const PageRequest& page) override;
  Result<Page> tasks(const TaskFilter& filter, const PageRequest& page) override;
  Result<Value> task(std::string_view id) override;
  Result<Value> effect(std::string_view id) override;
  Result<std::optional<TokenRecord>> find_token(std::string_view hash) override {
    return find_token_record(*connection_, hash);
  }
  Result<std::vector<TokenRecord>> tokens() override { return token_records(*connection_); }
  Result<Page> cloud_events(const PageRequest& page) override;
  Result<Value> totals() override;

 private:
  struct Condition {
    std::string sql;
    std::vector<std::variant<std::int64_t, std::string>> parameters;
    void add(std::string_view text) { sql += fmt::format("{}{}", sql.empty() ? " WHERE " : " AND ", text); }
    void add(std::string_view text, std::variant<std::int64_t, std::string> parameter) {
      add(text);
      parameters.push_back(std::move(parameter));
    }
  };
  // Rows of `select`; one more than the limit is asked for, to know whether there is a next page.
  Result<Page> page_of(const std::string& select, const Condition& condition, std::string_view order,
                       const PageRequest& page, const char* place);
  Result<std::vector<Value>> rows_of(const std::string& sql, std::string_view parameter);
  Result<Value> effect_locked(std::string_view id);
  // Of `select`, which takes the instance, the sequence after which, and the last block that is looked at.
  static Result<Page> events_page(DatabaseConnection& connection, DatabaseStatement& select, std::string_view instance,
                                  std::int64_t after, std::int64_t last_block, std::size_t limit);
  Result<std::optional<std::int64_t>> place_of_effect(std::string_view id);
  Result<Value> event_data(std::optional<std::int64_t> position);

  std::shared_ptr<DatabaseConnection> connection_;
};

}  // namespace gantry::journal

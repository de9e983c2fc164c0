// Reading the journal's projections for the API and the command line. Rows come as JSON objects whose keys are the
// column names of the documented views (docs/reference/database.md), in camelCase.
// Any thread: a Query has a connection of its own behind a mutex.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "journal/store.h"

namespace gantry::journal {

// `cursor` is opaque; empty starts. `limit` 1..1000.
struct PageRequest {
  std::string cursor = {};
  std::size_t limit = 100;
};
struct Page {
  std::vector<Value> rows;
  std::string next_cursor;  // empty: this was the last page
};

struct InstanceFilter {
  std::optional<std::string> status = {};    // running waiting suspended stuck completed faulted cancelled
  std::optional<std::string> workflow = {};  // "namespace/name"
};
struct TaskFilter {
  std::optional<std::string> state = {};  // open, closed; default open
  std::optional<std::string> instance = {};
  std::vector<std::string> roles = {};  // tasks that any of these roles may act on; empty: all
};
// Each narrows; times as RFC 3339, `from` inclusive, `to` exclusive. `person` acted in the event.
struct AuditFilter {
  std::optional<std::string> instance = {};  // "" for those of the installation
  std::optional<std::string> type = {};
  std::optional<std::string> person = {};
  std::optional<Timestamp> from = {}, to = {};
};

class Query {
 public:
  // On a "memory:" store, `store` must be the open one; for files a read-only connection of its own is opened.
  static Result<std::unique_ptr<Query>> open(Store& store);
  // Of a journal in PostgreSQL, without a store. Errors: not_found when it is not there yet; those of the database.
  static Result<std::unique_ptr<Query>> open(const std::string& url);
  virtual ~Query() = default;

  virtual Result<Page> instances(const InstanceFilter& filter, const PageRequest& page) = 0;
  virtual Result<Value> instance(std::string_view id) = 0;  // with its effects, tasks, children; not_found
  virtual Result<Page> events(std::string_view instance, const PageRequest& page) = 0;
  // Events of the whole journal, oldest first: {position, instance, sequence, at, type, hash, erased, data}. A page may
  // have fewer rows than its limit, even none, and still a next one: so many events are looked at and no more.
  virtual Result<Page> audit(const AuditFilter& filter, const PageRequest& page) = 0;
  virtual Result<Page> tasks(const TaskFilter& filter, const PageRequest& page) = 0;
  virtual Result<Value> task(std::string_view id) = 0;  // with context, votes, effect
  virtual Result<Value> effect(std::string_view id) = 0;
  // The token's record, for authentication on any thread (Store is the engine's).
  virtual Result<std::optional<TokenRecord>> find_token(std::string_view hash) = 0;
  virtual Result<std::vector<TokenRecord>> tokens() = 0;  // all, oldest first
  // CloudEvents received and emitted, newest first: {position, at, direction: in|out, instance, event}.
  virtual Result<Page> cloud_events(const PageRequest& page) = 0;
  // Counts for /metrics: {instances:{status:n}, effects:{state:n}, tasks:{open:n}, events:n, bytes:n}.
  virtual Result<Value> totals() = 0;
};

}  // namespace gantry::journal

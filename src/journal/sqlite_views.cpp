#include "journal/sqlite_views.h"

#include <fmt/format.h>

#include <string>

#include "journal/event.h"
#include "journal/event_blocks.h"
#include "journal/sqlite_states.h"

namespace gantry::journal {

namespace {

// RFC 3339 with six digits, so that text order is time order.
std::string time_text(Dialect dialect, std::string_view column) {
  if (dialect == Dialect::postgres) return fmt::format("journal_time({})", column);
  return fmt::format("(strftime('%Y-%m-%dT%H:%M:%S', {0} / 1000000, 'unixepoch') || printf('.%06dZ', {0} % 1000000))",
                     column);
}

// The JSON at `path` of an event's data, fetched from the blobs when it was large.
std::string json_at(std::string_view event, std::string_view path) {
  return fmt::format(
      "coalesce((SELECT large.data FROM journal_blob large WHERE large.hash = {0}.data ->> '$.{1}.\"$blob\"'), {0}.data -> '$.{1}')",
      event, path);
}

std::string hex_text(Dialect dialect, std::string_view column) {
  if (dialect == Dialect::postgres) return fmt::format("encode({}, 'hex')", column);
  return fmt::format("lower(hex({}))", column);
}

template <std::size_t count>
std::string names_by_number(std::string_view column, const std::array<const char*, count>& names) {
  std::string text = fmt::format("CASE {}", column);
  for (std::size_t i = 0; i < count; ++i) text += fmt::format(" WHEN {} THEN '{}'", i, names[i]);
  return text + " END";
}

// What is asked by instance, of `rows` with an event n: s is its instance. In SQLite by the events' places and beside them the tail
// (sqlite_places.h), so that both one instance and a range of positions (`position`) are found without a look at all others. The
// condition about the first half says what is true of it anyway: by it all rows are read in their order, and not in that of places.
std::string placed_and_tail(Dialect dialect, const std::string& rows, std::string_view position) {
  if (dialect == Dialect::postgres) return rows + " JOIN journal_stream s ON s.number = n.stream";
  return fmt::format(
      "{0} JOIN journal_event_block o ON o.stream = n.stream AND o.block = (n.sequence - 1) / {2} JOIN json_each(o.positions) p ON "
      "p.value = n.position JOIN journal_stream s ON s.number = o.stream WHERE {1} <= (SELECT position FROM journal_placed) UNION ALL "
      "{0} JOIN journal_stream s ON s.number = n.stream WHERE {1} > (SELECT position FROM journal_placed)",
      rows, position, events_in_block);
}

std::string stream_event_view(Dialect dialect) {
  if (dialect == Dialect::postgres)
    return fmt::format(
        "CREATE VIEW journal_stream_event AS SELECT stream, {} AS block, sequence, position FROM journal_event;",
        block_of_sequence);
  return fmt::format(
      "CREATE VIEW journal_placed_event AS SELECT b.stream AS stream, b.block AS block, CAST(b.sequence + p.key AS INTEGER) AS sequence, CAST(p.value "
      "AS INTEGER) AS position FROM journal_event_block b, json_each(b.positions) p;"
      "CREATE VIEW journal_stream_event AS SELECT stream, block, sequence, position FROM journal_placed_event UNION ALL SELECT stream, "
      "{}, sequence, position FROM journal_event WHERE position > (SELECT position FROM journal_placed);",
      block_of_sequence);
}

std::string text_of(EventType type) {
  return std::to_string(static_cast<int>(type));
}
std::string text_of(EffectState state) {
  return std::to_string(static_cast<int>(state));
}

// Of the tail: effects that were allowed at once and have no row yet (sqlite_projection.h).
std::string tail_begins() {
  return "n.position > (SELECT position FROM journal_placed) AND n.type = " + text_of(EventType::effect_permitted) +
         " AND json_valid(n.data) AND json_type(n.data, '$.effect.tool') IS NOT NULL "
         "AND NOT EXISTS (SELECT 1 FROM journal_effect r WHERE r.first_event = n.position)";
}
// Which effect an event x ends, and in which state.
std::string ends_an_effect() {
  return fmt::format("x.type IN ({}, {}) AND json_valid(x.data)", text_of(EventType::effect_done),
                     text_of(EventType::effect_failed));
}
constexpr std::string_view ended_effect = "coalesce(x.data ->> '$.effect.id', x.data ->> '$.effect')";
std::string state_at_end() {
  return fmt::format("CASE x.type WHEN {} THEN {} ELSE {} END", text_of(EventType::effect_done),
                     text_of(EffectState::done), text_of(EffectState::failed));
}

// Each looks for its end by itself: quick for one, or for some of the newest. The types are those of the table's columns,
// or SQLite would make a table of all effects before it looks at any.
std::string tail_effects_view() {
  const std::string end = fmt::format(
      "FROM journal_event x WHERE x.position > n.position AND x.stream = n.stream AND {} AND {} = n.data ->> '$.effect.id' "
      "ORDER BY x.position LIMIT 1",
      ends_an_effect(), ended_effect);
  return fmt::format(
      R"sql(CREATE VIEW journal_effect_tail AS SELECT n.position AS first_event, CAST(n.data ->> '$.effect.id' AS TEXT) AS id,
  CAST(coalesce((SELECT {1} {0}), {2}) AS INTEGER) AS state, CAST(1 AS INTEGER) AS attempts,
  CAST(n.data ->> '$.effect.tool' AS TEXT) AS tool, CAST(nullif(n.data ->> '$.effect.operation', '') AS TEXT) AS operation,
  n.position AS permit_event, CAST(NULL AS INTEGER) AS doubt_event, CAST((SELECT x.position {0}) AS INTEGER) AS end_event,
  n.stream AS stream FROM journal_event n WHERE {3};)sql",
      end, state_at_end(), text_of(EffectState::permitted), tail_begins());
}

// For all: with many instances the ends are far behind the begins, so they are brought into a table first.
std::string tail_effect_counts() {
  return fmt::format(
      R"sql(SELECT 'effects.' || {3} AS name, count(*) AS value FROM (
  WITH e AS MATERIALIZED (SELECT x.position AS position, x.stream AS stream, {4} AS id, {0} AS state FROM journal_event x
    WHERE x.position > (SELECT position FROM journal_placed) AND {5})
  SELECT coalesce((SELECT e.state FROM e WHERE e.stream = n.stream AND e.id = n.data ->> '$.effect.id' AND e.position > n.position
    ORDER BY e.position LIMIT 1), {1}) AS state FROM journal_event n WHERE {2}) GROUP BY state)sql",
      state_at_end(), text_of(EffectState::permitted), tail_begins(), names_by_number("state", effect_state_names),
      ended_effect, ends_an_effect());
}

constexpr std::string_view effect_columns =
    "f.first_event, f.id, f.state, f.attempts, f.tool, f.operation, f.permit_event, f.doubt_event, f.end_event";

// journal_effect and journal_count as they are once the tail is placed.
std::string whole_views(Dialect dialect) {
  if (dialect == Dialect::postgres)
    return "CREATE VIEW journal_effect_all AS SELECT * FROM journal_effect;"
           "CREATE VIEW journal_count_all AS SELECT * FROM journal_count;";
  return tail_effects_view() +
         fmt::format(
             R"sql(CREATE VIEW journal_effect_all AS SELECT {0} FROM journal_effect f UNION ALL SELECT {0} FROM journal_effect_tail f;
CREATE VIEW journal_count_all AS SELECT c.name AS name, c.value + coalesce(t.value, 0) AS value FROM journal_count c LEFT JOIN ({1}
  UNION ALL SELECT 'events', count(*) FROM journal_event WHERE position > (SELECT position FROM journal_placed)) t ON t.name = c.name;)sql",
             effect_columns, tail_effect_counts());
}

// The last sequence of the instance i. The tail is looked through once, however many instances are asked for.
std::string event_count(Dialect dialect) {
  if (dialect == Dialect::postgres) return "(SELECT max(n.sequence) FROM journal_event n WHERE n.stream = i.stream)";
  return "coalesce((SELECT t.sequence FROM (SELECT stream, max(sequence) AS sequence FROM journal_event WHERE position > (SELECT "
         "position FROM journal_placed) GROUP BY stream) t WHERE t.stream = i.stream), (SELECT o.sequence + "
         "json_array_length(o.positions) - 1 FROM journal_event_block o WHERE o.stream = i.stream ORDER BY o.block DESC LIMIT 1))";
}

std::string instances_view(Dialect dialect) {
  return fmt::format(
      R"sql(CREATE VIEW instances AS SELECT i.stream AS number, s.id AS id,
  CASE WHEN i.status = 0 AND i.stuck_event IS NOT NULL THEN 'stuck' WHEN i.status = 0 AND i.suspended = 1 THEN 'suspended'
  WHEN i.status = 0 AND EXISTS (SELECT 1 FROM journal_task t WHERE t.stream = i.stream AND t.open = 1) THEN 'waiting'
  ELSE {} END AS status,
  w.namespace AS workflow_namespace, w.name AS workflow_name, w.version AS workflow_version, w.digest AS workflow_digest,
  w.project AS project, i.migration AS migration, i.person AS person, i.key AS key, i.parent AS parent, i.parent_task AS parent_task,
  {} AS started_at, {} AS ended_at,
  {} AS events,
  {} AS input, {} AS output, {} AS error, coalesce(e.data ->> '$.reason', k.data ->> '$.reason') AS reason
FROM journal_instance i JOIN journal_stream s ON s.number = i.stream JOIN journal_workflow w ON w.number = i.workflow
LEFT JOIN journal_event b ON b.position = i.start_event LEFT JOIN journal_event e ON e.position = i.end_event
LEFT JOIN journal_event k ON k.position = i.stuck_event;)sql",
      names_by_number("i.status", instance_status_names), time_text(dialect, "i.started_at"), time_text(dialect, "i.ended_at"),
      event_count(dialect), json_at("b", "input"), json_at("e", "output"), json_at("e", "error"));
}

std::string effects_with_instance(Dialect dialect) {
  const std::string rows = placed_and_tail(
      dialect, "SELECT f.*, s.id AS instance FROM journal_effect f JOIN journal_event n ON n.position = f.first_event",
      "f.first_event");
  if (dialect == Dialect::postgres) return "(" + rows + ")";
  return fmt::format(
      "({} UNION ALL SELECT {}, s.id AS instance FROM journal_effect_tail f JOIN journal_stream s ON s.number = f.stream)", rows,
      effect_columns);
}

std::string effects_view(Dialect dialect) {
  return fmt::format(
      R"sql(CREATE VIEW effects AS SELECT f.first_event AS position, f.id AS id, f.instance AS instance, p.data ->> '$.effect.task' AS task,
  f.tool AS tool, f.operation AS operation, p.data ->> '$.effect.class' AS class, {} AS state, f.attempts AS attempts,
  {} AS arguments, p.data ->> '$.effect.digest' AS digest, coalesce(p.data ->> '$.effect.key', f.id) AS key,
  coalesce(m.data ->> '$.verdict.rule', p.data ->> '$.verdict.rule') AS rule,
  {} AS verdict, coalesce(e.data ->> '$.reason', d.data ->> '$.reason', p.data ->> '$.verdict.reason') AS reason,
  {} AS result, {} AS error, e.data ->> '$.resolvedBy' AS resolved_by,
  {} AS proposed_at, {} AS permitted_at, {} AS ended_at
FROM {} f JOIN journal_event p ON p.position = f.first_event
LEFT JOIN journal_event m ON m.position = f.permit_event LEFT JOIN journal_event d ON d.position = f.doubt_event
LEFT JOIN journal_event e ON e.position = f.end_event;)sql",
      names_by_number("f.state", effect_state_names), json_at("p", "effect.arguments"), json_at("p", "verdict"),
      json_at("e", "result"), json_at("e", "error"), time_text(dialect, "p.at"), time_text(dialect, "m.at"), time_text(dialect, "e.at"),
      effects_with_instance(dialect));
}

std::string tasks_view(Dialect dialect) {
  return fmt::format(
      R"sql(CREATE VIEW tasks AS SELECT t.event AS position, t.id AS id, s.id AS instance, t.kind AS kind, t.title AS title,
  CASE t.open WHEN 1 THEN 'open' ELSE 'closed' END AS state, t.outcome AS outcome, t.effect AS effect, c.data ->> '$.digest' AS digest,
  t.requester AS requester,
  (SELECT {} FROM (SELECT role FROM journal_task_role WHERE task = t.event ORDER BY role) r) AS roles,
  {} AS requirements, {} AS answer_schema, {} AS context, {} AS answer, t.answered_by AS answered_by,
  {} AS created_at, {} AS expires_at, {} AS closed_at
FROM journal_task t JOIN journal_stream s ON s.number = t.stream JOIN journal_event c ON c.position = t.event
LEFT JOIN journal_event a ON a.position = t.answer_event;)sql",
      dialect == Dialect::postgres ? "coalesce(json_agg(r.role)::text, '[]')" : "json_group_array(r.role)",
      json_at("c", "requirements"), json_at("c", "answerSchema"), json_at("c", "context"), json_at("a", "answer"),
      time_text(dialect, "t.created_at"), time_text(dialect, "t.expires_at"), time_text(dialect, "t.closed_at"));
}

std::string events_view(Dialect dialect) {
  return "CREATE VIEW events AS " +
         placed_and_tail(
             dialect,
             fmt::format("SELECT n.position AS position, s.id AS instance, n.sequence AS sequence, {} AS at, y.name AS type, n.data "
                         "AS data, n.labels AS labels, {} AS hash FROM journal_event n JOIN journal_event_type y ON y.number = n.type",
                         time_text(dialect, "n.at"), hex_text(dialect, "n.hash")),
             "n.position") +
         ";";
}

std::string other_views(Dialect dialect) {
  const bool postgres = dialect == Dialect::postgres;
  // A project's files are bytes to the database, so that their digest stays true.
  const char* files = postgres ? "convert_from(p.files, 'UTF8')" : "CAST(p.files AS TEXT)";
  const char* file_count = postgres ? "(SELECT count(*) FROM json_object_keys(convert_from(p.files, 'UTF8')::json))"
                                    : "(SELECT count(*) FROM json_each(CAST(p.files AS TEXT)))";
  return fmt::format(
      R"sql(CREATE VIEW approvals AS SELECT v.event AS position, v.task AS task, t.effect AS effect, s.id AS instance, v.person AS person,
  n.data -> '$.roles' AS roles, CASE v.approve WHEN 1 THEN 'approve' ELSE 'reject' END AS vote, n.data ->> '$.comment' AS comment,
  n.data ->> '$.digest' AS digest, {0} AS voted_at
FROM journal_vote v JOIN journal_event n ON n.position = v.event JOIN journal_stream s ON s.number = n.stream
LEFT JOIN journal_task t ON t.id = v.task;
CREATE VIEW decisions AS SELECT d.event AS position, s.id AS instance, d.decision AS decision, n.data ->> '$.digest' AS digest,
  n.data ->> '$.task' AS task, d.decider AS decider, n.data -> '$.rules' AS rules, {1} AS answer, {0} AS made_at
FROM journal_decision d JOIN journal_event n ON n.position = d.event JOIN journal_stream s ON s.number = d.stream;
CREATE VIEW timers AS SELECT w.id AS id, s.id AS instance, w.purpose AS purpose, {2} AS due, {3} AS set_at
FROM journal_timer w JOIN journal_stream s ON s.number = w.stream;
CREATE VIEW projects AS SELECT p.digest AS digest, {4} AS deployed_at, d.person AS deployed_by,
  {10} AS file_count, length(p.files) AS bytes,
  CASE WHEN d.event = (SELECT max(event) FROM journal_deployment) THEN 1 ELSE 0 END AS current, {11} AS files
FROM journal_project p LEFT JOIN journal_deployment d ON d.event = (SELECT max(event) FROM journal_deployment x WHERE x.project = p.digest);
CREATE VIEW checkpoints AS SELECT c.position AS position, {5} AS at, {7} AS hash, {8} AS key,
  {9} AS signature FROM journal_checkpoint c;
CREATE VIEW holds AS SELECT h.scope AS scope, n.data ->> '$.by.person' AS person, n.data ->> '$.reason' AS reason, {0} AS placed_at
FROM journal_hold h JOIN journal_event n ON n.position = h.event;
CREATE VIEW budgets AS SELECT b.budget AS budget, b.key AS key, CASE b.at WHEN 0 THEN NULL ELSE {6} END AS since, b.amount AS amount
FROM journal_budget b;
CREATE VIEW blobs AS SELECT hash, length(data) AS bytes, data, labels FROM journal_blob;)sql",
      time_text(dialect, "n.at"), json_at("n", "answer"), time_text(dialect, "w.due"), time_text(dialect, "w.set_at"), time_text(dialect, "d.at"), time_text(dialect, "c.at"),
      time_text(dialect, "b.at"), hex_text(dialect, "c.hash"), hex_text(dialect, "c.key"),
      hex_text(dialect, "c.signature"), file_count, files);
}

}  // namespace

std::string view_definitions(Dialect dialect) {
  return stream_event_view(dialect) + whole_views(dialect) + instances_view(dialect) + effects_view(dialect) + tasks_view(dialect) + events_view(dialect) +
         other_views(dialect);
}

}  // namespace gantry::journal

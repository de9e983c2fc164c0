#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "journal/audit_export.h"
#include "journal/sqlite_reader.h"
#include "journal/stored_utf8.h"
#include "value/json.h"

namespace gantry::journal {
namespace {

struct ObjectKind {
  const char* name;
  const char* sql;  // id, then attributes by their column names, all text; ?1 is the instance or NULL for all
};

// `at`: when the attributes became true.
constexpr std::array object_kinds = {
    ObjectKind{"instance",
               "SELECT v.id AS id, v.started_at AS at, v.workflow_namespace || '/' || v.workflow_name AS workflow, "
               "v.workflow_version AS "
               "version, v.status AS status FROM instances v WHERE CAST(?1 AS TEXT) IS NULL OR v.id = ?1"},
    ObjectKind{"effect",
               "SELECT v.id AS id, v.proposed_at AS at, v.tool AS tool, v.operation AS operation, v.class AS class, "
               "v.state AS state, "
               "v.rule AS rule FROM effects v WHERE CAST(?1 AS TEXT) IS NULL OR v.instance = ?1"},
    ObjectKind{"task",
               "SELECT v.id AS id, v.created_at AS at, v.kind AS kind, v.title AS title, v.outcome AS outcome FROM "
               "tasks v WHERE CAST(?1 AS TEXT) IS NULL OR "
               "v.instance = ?1"},
    ObjectKind{"decision",
               // The digest of the first: times are 27 characters.
               "SELECT 'decision:' || v.decision AS id, min(v.made_at) AS at, substr(min(v.made_at || v.digest), 28) AS digest FROM decisions v "
               "WHERE CAST(?1 AS TEXT) IS NULL OR "
               "v.instance = ?1 GROUP BY v.decision"},
};
constexpr std::array event_attributes = {"rule", "verdict", "outcome", "status", "timer", "purpose", "decider"};

Value type_of(std::string_view name, std::vector<Value> attributes) {
  return Value::object({{"name", Value(name)}, {"attributes", Value::array(std::move(attributes))}});
}
Value attribute_type(std::string_view name, const char* type) {
  return Value::object({{"name", Value(name)}, {"type", Value(type)}});
}
Value relation(std::string_view object, const char* qualifier) {
  return Value::object({{"objectId", Value(object)}, {"qualifier", Value(qualifier)}});
}

// The people that an event names.
void add_people(const Value& data, std::vector<std::pair<std::string, const char*>>& people) {
  for (const char* name : {"principal", "by", "person", "requester"}) {
    const Value* who = data.find(name);
    if (!who) continue;
    std::string_view person = who->is_string() ? who->as_string() : who->string_or("person", "");
    if (!person.empty()) people.emplace_back("person:" + std::string(person), name);
  }
}

class OcelExport {
 public:
  OcelExport(DatabaseConnection& connection, const ExportFilter& filter, const ExportSink& sink)
      : connection_(connection), filter_(filter), sink_(sink) {}

  Status run() {
    TRY(sink_("{"));
    TRY(write_types());
    TRY(sink_(",\n\"objects\":["));
    for (const ObjectKind& kind : object_kinds) TRY(write_objects(kind));
    TRY(write_people());
    TRY(sink_("],\n\"events\":["));
    TRY(write_events());
    return sink_("]}\n");
  }

 private:
  void bind(DatabaseStatement& statement) const {
    if (filter_.instance)
      statement.bind(1, std::string_view(*filter_.instance));
    else
      statement.bind_null(1);
  }
  Status item(const Value& value, bool& first) {
    TRY(sink_(first ? "\n" : ",\n"));
    first = false;
    return sink_(print_json(value));
  }
  Status write_types();
  Status write_objects(const ObjectKind& kind);
  Status write_people();
  Status write_events();
  Result<std::unique_ptr<DatabaseStatement>> select_events() {
    constexpr const char* of_instance =
        " WHERE e.position IN (SELECT position FROM journal_stream_event WHERE stream = (SELECT number FROM journal_stream WHERE "
        "id = ?1))";
    auto select = TRY(connection_.prepare_scan(
        fmt::format("SELECT s.id, e.sequence, e.at, e.type, e.data, e.labels, e.position FROM journal_event e JOIN "
                    "journal_stream s ON s.number = e.stream{} ORDER BY e.position",
                    filter_.instance ? of_instance : "")));
    if (filter_.instance) bind(*select);
    return select;
  }
  Value event_value(const Event& event, std::int64_t position) const;
  std::vector<Value> relations_of(const Event& event) const;

  DatabaseConnection& connection_;
  const ExportFilter& filter_;
  const ExportSink& sink_;
  bool first_object_ = true;
};

Status OcelExport::write_types() {
  std::vector<Value> objects, events;
  for (const ObjectKind& kind : object_kinds) {
    auto select = TRY(connection_.prepare(kind.sql));
    std::vector<Value> attributes;
    for (int column = 2; column < select->column_count(); ++column)
      attributes.push_back(attribute_type(select->column_name(column), "string"));
    objects.push_back(type_of(kind.name, std::move(attributes)));
  }
  objects.push_back(type_of("person", {}));
  for (std::size_t i = 0; i < event_type_count; ++i) {
    std::vector<Value> attributes{attribute_type("position", "integer"), attribute_type("sequence", "integer")};
    for (const char* name : event_attributes) attributes.push_back(attribute_type(name, "string"));
    events.push_back(type_of(name_of(static_cast<EventType>(i)), std::move(attributes)));
  }
  TRY(sink_("\"objectTypes\":" + print_json(Value::array(std::move(objects)))));
  return sink_(",\n\"eventTypes\":" + print_json(Value::array(std::move(events))));
}

Status OcelExport::write_objects(const ObjectKind& kind) {
  auto select = TRY(connection_.prepare_scan(kind.sql));
  bind(*select);
  while (TRY(select->step())) {
    std::vector<Value> attributes;
    for (int column = 2; column < select->column_count(); ++column)
      if (!select->is_null(column))
        attributes.push_back(Value::object({{"name", Value(select->column_name(column))},
                                            {"time", text_value(select->text(1))},
                                            {"value", text_value(select->text(column))}}));
    TRY(item(Value::object({{"id", text_value(select->text(0))},
                            {"type", Value(kind.name)},
                            {"attributes", Value::array(std::move(attributes))},
                            {"relationships", Value::array({})}}),
             first_object_));
  }
  return done();
}

Status OcelExport::write_people() {
  std::set<std::string> known;
  auto select = TRY(select_events());
  while (TRY(select->step())) {
    Event event = TRY(event_from_row(connection_, *select));
    std::vector<std::pair<std::string, const char*>> people;
    add_people(event.data, people);
    for (auto& [person, role] : people) {
      if (!known.insert(person).second) continue;
      TRY(item(Value::object({{"id", Value(person)},
                              {"type", Value("person")},
                              {"attributes", Value::array({})},
                              {"relationships", Value::array({})}}),
               first_object_));
    }
  }
  return done();
}

// Only ids that are objects of this export.
std::vector<Value> OcelExport::relations_of(const Event& event) const {
  std::vector<Value> relations;
  if (!event.instance.empty()) relations.push_back(relation(event.instance, "instance"));
  const Value& data = event.data;
  if (const Value* effect = data.find("effect")) {
    std::string_view id = effect->is_string() ? effect->as_string() : effect->string_or("id", "");
    if (!id.empty()) relations.push_back(relation(id, "effect"));
  }
  const bool of_task = event.type == EventType::task_created || event.type == EventType::task_voted ||
                       event.type == EventType::task_answered || event.type == EventType::task_closed;
  if (of_task) relations.push_back(relation(data.string_or("task", ""), "task"));
  if (event.type == EventType::decision_made)
    relations.push_back(relation("decision:" + std::string(data.string_or("decision", "")), "decision"));
  if (!filter_.instance) {
    if (std::string_view child = data.string_or("child", ""); !child.empty())
      relations.push_back(relation(child, "child"));
    if (const Value* parent = data.find("parent"); parent && parent->is_object())
      relations.push_back(relation(parent->string_or("instance", ""), "parent"));
  }
  std::vector<std::pair<std::string, const char*>> people;
  add_people(data, people);
  for (auto& [person, role] : people) relations.push_back(relation(person, role));
  return relations;
}

Value OcelExport::event_value(const Event& event, std::int64_t position) const {
  auto attribute = [](const char* name, Value value) {
    return Value::object({{"name", Value(name)}, {"value", std::move(value)}});
  };
  std::vector<Value> attributes{attribute("position", Value(position)),
                                attribute("sequence", Value(static_cast<std::int64_t>(event.sequence)))};
  if (const Value* verdict = event.data.find("verdict"); verdict && verdict->is_object()) {
    attributes.push_back(attribute("rule", Value(verdict->string_or("rule", ""))));
    attributes.push_back(attribute("verdict", Value(verdict->string_or("kind", ""))));
  }
  for (const char* name : {"outcome", "status", "timer", "purpose", "decider"})
    if (const Value* value = event.data.find(name); value && value->is_string())
      attributes.push_back(attribute(name, Value(value->as_string())));
  return Value::object({{"id", Value(fmt::format("e{}", position))},
                        {"type", Value(name_of(event.type))},
                        {"time", Value(format_timestamp(event.at))},
                        {"attributes", Value::array(std::move(attributes))},
                        {"relationships", Value::array(relations_of(event))}});
}

Status OcelExport::write_events() {
  bool first = true;
  auto select = TRY(select_events());
  while (TRY(select->step())) {
    Event event = TRY(event_from_row(connection_, *select));
    TRY(item(event_value(event, select->integer(6)), first));
  }
  return done();
}

}  // namespace

Status export_ocel(Store& store, const ExportFilter& filter, const ExportSink& sink) {
  auto connection = TRY(reader_of(store));
  std::lock_guard lock(connection->mutex());
  TRY(connection->begin_reading());
  Status status = OcelExport(*connection, filter, sink).run();
  connection->roll_back();
  return status;
}

}  // namespace gantry::journal

#include "journal/start_key.h"

namespace gantry::journal {

std::string key_of_person(std::string_view person, std::string_view key) {
  return print_canonical(Value::array({Value(person), Value(key)}));
}

std::string asker_of(const Value& started) {
  const Value* who = started.find("by");
  if (who == nullptr) who = started.find("principal");
  if (who == nullptr) return "";
  return std::string(who->is_string() ? who->as_string() : who->string_or("person", ""));
}

Status give_keys_to_persons(DatabaseConnection& connection) {
  TRY(connection.define("ALTER TABLE journal_key RENAME TO journal_key_before"));
  TRY(connection.define(start_key_table));
  auto keys = TRY(connection.prepare_scan("SELECT k.workflow, k.key, k.stream, b.data FROM journal_key_before k JOIN journal_instance i ON "
                                          "i.stream = k.stream JOIN journal_event b ON b.position = i.start_event"));
  auto insert = TRY(connection.prepare("INSERT INTO journal_key (workflow, key, stream) VALUES (?,?,?)"));
  while (TRY(keys->step())) {
    const auto started = parse_json(keys->text(3));
    const std::string key = key_of_person(started ? asker_of(*started) : "", keys->text(1));
    insert->bind(1, keys->text(0)).bind(2, key).bind(3, keys->integer(2));
    TRY(insert->run());
  }
  keys.reset();
  return connection.define("DROP TABLE journal_key_before");
}

}  // namespace gantry::journal

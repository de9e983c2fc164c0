// For tests of the sql driver: a tool of one database, its operations by their statements, and calls of them.
#pragma once

#include <gmock/gmock.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>

#include "tool/drivers.h"
#include "tool/permit_for_test.h"
#include "value/json.h"

namespace gantry::tool {

inline Value sql_json(std::string_view text) {
  Result<Value> value = parse_json(text);
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? *std::move(value) : Value();
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gantry-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct SqlCase {
  definition::Tool tool;
  definition::Operation operation;
  DriverOptions options;
  std::string key = "01A-e1";
  int attempt = 1;
  std::stop_token stop;

  explicit SqlCase(Value settings) {
    tool.name = "stock";
    tool.driver = "sql";
    tool.settings = std::move(settings);
    operation.name = "go";
  }

  Outcome call(definition::EffectClass effect_class, std::string_view statement, std::string_view arguments = "{}") {
    operation.effect_class = effect_class;
    Value binding = operation.binding.is_object() ? operation.binding : Value::object(std::vector<Member>{});
    operation.binding = std::move(binding).with_member("statement", statement);
    Effect effect;
    effect.id = effect.key = key;
    effect.tool = tool.name;
    effect.operation = operation.name;
    effect.effect_class = effect_class;
    effect.arguments = sql_json(arguments);
    const CallContext context{.tool = &tool, .operation = &operation, .attempt = attempt, .stop = stop};
    return make_sql_driver(options)->call(gate::Gate::permit_for_test(std::move(effect)), context);
  }
  Outcome read(std::string_view statement, std::string_view arguments = "{}") {
    return call(definition::EffectClass::read, statement, arguments);
  }
  Outcome write(std::string_view statement, std::string_view arguments = "{}") {
    return call(definition::EffectClass::write, statement, arguments);
  }
};

inline std::string kind_of(const Outcome& outcome) {
  return outcome.kind == Outcome::Kind::done ? "done" : std::string(definition::error_kind(outcome.error.type));
}

}  // namespace gantry::tool

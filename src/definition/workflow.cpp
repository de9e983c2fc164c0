#include "definition/workflow.h"

#include <algorithm>
#include <array>

namespace gantry::definition {
namespace {

constexpr std::array<std::string_view, 6> error_type_prefixes = {
    "https://serverlessworkflow.io/spec/1.0.0/errors/",
    "https://serverlessworkflow.io/dsl/errors/types/",
    "https://open-workflow-specification.org/spec/1.0.0/errors/",
    "https://open-workflow-specification.org/dsl/errors/types/",
    "https://www.serverlessworkflow.io/spec/1.0.0/errors/",
    "https://www.serverlessworkflow.io/dsl/errors/types/",
};

constexpr std::array<std::string_view, 8> error_kinds = {"configuration",  "validation",    "expression",
                                                         "authentication", "authorization", "timeout",
                                                         "communication",  "runtime"};

}  // namespace

const std::vector<std::string>& standard_arguments() {
  static const std::vector<std::string> names = {"context", "input",    "output",  "secrets",
                                                 "task",    "workflow", "runtime", "authorization"};
  return names;
}

const char* Task::kind_name() const {
  static constexpr std::array names = {"do",   "set",  "switch", "for", "fork",   "try",  "raise", "emit",
                                       "wait", "call", "call",   "run", "listen", "call", "call",  "call"};
  static_assert(names.size() == std::variant_size_v<decltype(Task::body)>);
  return names[body.index()];
}

const std::string* EventFilter::only_type() const {
  for (const EventAttribute& attribute : with)
    if (attribute.name == "type") return attribute.only_text ? &*attribute.only_text : nullptr;
  return nullptr;
}

Value Schedule::timed_input(Timestamp due) {
  return Value::object({{"due", format_timestamp(due)}});
}

bool is_lifecycle_type(std::string_view type) {
  return type.starts_with("io.serverlessworkflow.workflow.") || type.starts_with("io.serverlessworkflow.task.");
}

std::string error_kind(std::string_view type) {
  for (std::string_view prefix : error_type_prefixes) {
    if (type.substr(0, prefix.size()) != prefix) continue;
    std::string_view kind = type.substr(prefix.size());
    if (std::find(error_kinds.begin(), error_kinds.end(), kind) != error_kinds.end()) return std::string(kind);
  }
  return std::string(type);
}

std::string standard_error_type(std::string_view kind) {
  return "https://open-workflow-specification.org/spec/1.0.0/errors/" + std::string(kind);
}

}  // namespace gantry::definition

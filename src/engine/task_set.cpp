// The tasks that end at once or only hold a list: do, set, switch, raise.
#include "engine/interpreter_execution.h"

namespace gantry::engine {

void Execution::begin(Branch&, Frame& frame, const definition::DoTask&) {
  frame.value = frame.input;
}

void Execution::begin(Branch& branch, Frame& frame, const definition::SetTask& task) {
  std::optional<Value> output =
      evaluate(branch, frame, {.field = "set", .input = &frame.input}, task.value, frame.input);
  if (output) complete(branch, std::move(*output));
}

// The first case whose `when` holds, wherever the default case stands; the data passes through.
void Execution::begin(Branch& branch, Frame& frame, const definition::SwitchTask& task) {
  std::size_t chosen = task.cases.size();
  for (std::size_t index = 0; index < task.cases.size(); ++index) {
    const definition::SwitchCase& one = task.cases[index];
    if (!one.when) {
      if (chosen == task.cases.size()) chosen = index;
      continue;
    }
    const std::optional<bool> holds =
        condition(branch, frame, {.field = "switch.when", .input = &frame.input}, *one.when, frame.input);
    if (!holds) return;
    if (*holds) {
      chosen = index;
      break;
    }
  }
  frame.position = chosen;
  complete(branch, frame.input);
}

void Execution::begin(Branch& branch, Frame& frame, const definition::RaiseTask& task) {
  const Site site{.field = "raise.error", .input = &frame.input};
  Value error = Value::object(std::vector<Member>{});
  const auto add = [&](std::string_view key, const definition::Template& source) {
    std::optional<Value> value = evaluate(branch, frame, site, source, frame.input);
    if (!value) return false;
    if (!value->is_null()) error = std::move(error).with_member(key, std::move(*value));
    return true;
  };
  if (!add("type", task.error.type) || !add("status", task.error.status) || !add("title", task.error.title) ||
      !add("detail", task.error.detail)) {
    return;
  }
  if (!error.member("type").is_string() || !error.member("status").is_integer()) {
    const std::string detail = "raise.error: expected `type` to be a string and `status` an integer, found " +
                               std::string(error.member("type").kind_name()) + " and " +
                               error.member("status").kind_name() + ".";
    return raise(branch, make_error(ErrorKind::validation, "Not an error", detail, frame.task->reference));
  }
  raise(branch, std::move(error).with_member("instance", frame.task->reference));
}

}  // namespace gantry::engine

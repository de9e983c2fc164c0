#include "sim/workflow_maker.h"

#include <fmt/format.h>

namespace gantry::sim {
namespace {

constexpr std::size_t depth_max = 3;

Value named(const std::string& name, Value value) {
  return Value::object({{name, std::move(value)}});
}

}  // namespace

std::string WorkflowMaker::duration() {
  const std::vector<std::string> durations{"PT0S", "PT0.25S", "PT1S", "PT7S", "PT1M", "PT10M", "PT45M", "PT2H"};
  return dice_.pick(durations);
}

Value WorkflowMaker::make(const std::string& name, bool may_be_scheduled) {
  Value document = Value::object({{"dsl", "1.0.3"}, {"namespace", "sim"}, {"name", name}, {"version", version_}});
  Value workflow = Value::object({{"document", std::move(document)}});
  if (may_be_scheduled && dice_.chance(250)) workflow = std::move(workflow).with_member("schedule", schedule());
  if (dice_.chance(200))
    workflow =
        std::move(workflow).with_member("timeout", Value::object({{"after", dice_.chance(500) ? "PT30M" : "PT12H"}}));
  return std::move(workflow).with_member("do", tasks(0, dice_.between(2, 5)));
}

Value WorkflowMaker::schedule() {
  switch (dice_.below(4)) {
    case 0:
      return Value::object({{"every", "PT1H"}});
    case 1:
      return Value::object({{"cron", "*/30 * * * *"}});
    case 2:
      return Value::object({{"after", "PT20M"}});
    default:
      return Value::object({{"on", dice_.chance(500) ? Value::object({{"one", filter()}})
                                                     : Value::object({{"all", Value::array({filter(), filter()})}})}});
  }
}

Value WorkflowMaker::tasks(std::size_t depth, std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(name());
  std::vector<Value> list;
  for (std::size_t i = 0; i < count; ++i) {
    const std::vector<std::string> later(names.begin() + static_cast<std::ptrdiff_t>(i) + 1, names.end());
    list.push_back(named(names[i], task(depth, later)));
  }
  return Value::array(std::move(list));
}

Value WorkflowMaker::task(std::size_t depth, const std::vector<std::string>& later) {
  return with_common(kind_of_task(depth, later), depth, later);
}

Value WorkflowMaker::with_common(Value task, std::size_t depth, const std::vector<std::string>& later) {
  if (dice_.chance(120)) task = std::move(task).with_member("if", condition(1));
  if (dice_.chance(200))
    task = std::move(task).with_member("export", Value::object({{"as", "{n: " + number(1) + "}"}}));
  if (dice_.chance(100))
    task = std::move(task).with_member("output", Value::object({{"as", "{n: " + number(1) + "}"}}));
  if (dice_.chance(80))
    task = std::move(task).with_member("timeout", Value::object({{"after", dice_.chance(500) ? "PT5M" : "PT1H"}}));
  const std::size_t way = task.find("switch") != nullptr ? 9 : dice_.below(20);
  if (way == 0) task = std::move(task).with_member("then", "end");
  if (way == 1 && depth > 0) task = std::move(task).with_member("then", "exit");
  if (way == 2 && !later.empty()) task = std::move(task).with_member("then", dice_.pick(later));
  return task;
}

Value WorkflowMaker::kind_of_task(std::size_t depth, const std::vector<std::string>& later) {
  if (dice_.chance(60)) return choice(later);
  if (dice_.chance(350)) return call();
  if (depth < depth_max && dice_.chance(400)) return composed(dice_.below(5), depth + 1);
  return simple(dice_.below(12), depth);
}

Value WorkflowMaker::simple(std::size_t kind, std::size_t depth) {
  switch (kind) {
    case 0:
    case 1:
      return Value::object({{"wait", duration()}});
    case 2:
    case 3:
      return listen(depth);
    case 4:
      return Value::object(
          {{"emit",
            Value::object(
                {{"event",
                  Value::object(
                      {{"with", Value::object({{"type", dice_.pick(event_types_)},
                                               {"data", Value::object({{"n", expression(number(1))}})}})}})}})}});
    case 5:
      return Value::object(
          {{"raise", Value::object({{"error", Value::object({{"type", "https://sim.example/broken"},
                                                             {"status", dice_.chance(500) ? 503 : 409}})}})}});
    case 6:
      return Value::object(
          {{"call", "decide"},
           {"with", Value::object({{"decision", "grade"}, {"input", Value::object({{"n", expression(number(1))}})}})}});
    case 7:
      return Value::object(
          {{"call", "approval"},
           {"with",
            Value::object(
                {{"question", "Go on?"},
                 {"approvers", Value::array({Value::object({{"role", "planner"}, {"count", dice_.between(1, 2)}})})},
                 {"expires", dice_.chance(500) ? "PT1H" : "PT6H"}})}});
    case 8:
      return Value::object(
          {{"call", "guardrail"}, {"with", Value::object({{"value", "${ . }"}, {"condition", condition(1)}})}});
    case 9:
      if (!runnable_.empty()) return run();
      [[fallthrough]];
    default:
      return Value::object({{"set", Value::object({{"n", expression(number(2))}, {"ok", expression(condition(1))}})}});
  }
}

Value WorkflowMaker::run() {
  Value part = Value::object({{"namespace", "sim"},
                              {"name", dice_.pick(runnable_)},
                              {"version", version_},
                              {"input", Value::object({{"n", expression(number(1))}})}});
  return Value::object({{"run", Value::object({{"workflow", std::move(part)}, {"await", !dice_.chance(300)}})}});
}

Value WorkflowMaker::composed(std::size_t kind, std::size_t depth) {
  switch (kind) {
    case 0:
      return Value::object({{"do", tasks(depth, dice_.between(1, 3))}});
    case 1:
      return repeat(depth);
    case 2:
      return fork(depth);
    default:
      return attempt(depth);
  }
}

Value WorkflowMaker::call() {
  const std::vector<std::string> operations{"put", "put", "move", "move", "post", "mail", "pay", "wipe", "look"};
  const std::string operation = dice_.pick(operations);
  return Value::object(
      {{"call", "yard." + operation}, {"with", Value::object({{"n", expression(number(1))}, {"what", operation}})}});
}

Value WorkflowMaker::choice(const std::vector<std::string>& later) {
  const auto target = [&]() -> Value {
    return later.empty() || dice_.chance(400) ? Value("continue") : Value(dice_.pick(later));
  };
  return Value::object(
      {{"switch", Value::array({named("a", Value::object({{"when", condition(2)}, {"then", target()}})),
                                named("b", Value::object({{"then", target()}}))})}});
}

Value WorkflowMaker::filter() {
  Value with = Value::object({{"type", dice_.pick(event_types_)}});
  if (dice_.chance(300)) with = std::move(with).with_member("data", "${ (.n? // 0) % 2 == 0 }");
  return Value::object({{"with", std::move(with)}});
}

Value WorkflowMaker::listen(std::size_t depth) {
  Value to;
  switch (dice_.below(3)) {
    case 0:
      to = Value::object({{"one", filter()}});
      break;
    case 1:
      to = Value::object({{"all", Value::array({filter(), filter()})}});
      break;
    default:
      to = Value::object({{"any", Value::array({filter()})}, {"until", "length >= 2"}});
      break;
  }
  Value task = Value::object({{"listen", Value::object({{"to", std::move(to)}})}});
  if (depth < depth_max && dice_.chance(250))
    task = std::move(task).with_member("foreach", Value::object({{"item", "it"}, {"do", tasks(depth_max, 1)}}));
  return task;
}

Value WorkflowMaker::fork(std::size_t depth) {
  std::vector<Value> branches;
  for (std::size_t i = 0, count = dice_.between(2, 3); i < count; ++i)
    branches.push_back(named(name(), Value::object({{"do", tasks(depth, dice_.between(1, 2))}})));
  Value fork = Value::object({{"branches", Value::array(std::move(branches))}});
  if (dice_.chance(400)) fork = std::move(fork).with_member("compete", true);
  return Value::object({{"fork", std::move(fork)}});
}

Value WorkflowMaker::attempt(std::size_t depth) {
  Value handler = Value::object({{"as", "problem"}});
  if (dice_.chance(300)) handler = std::move(handler).with_member("when", condition(1));
  if (dice_.chance(200))
    handler = std::move(handler).with_member(
        "errors", Value::object({{"with", Value::object({{"status", dice_.chance(500) ? 503 : 403}})}}));
  if (dice_.chance(500)) {
    Value limit = Value::object({{"attempt", Value::object({{"count", dice_.between(1, 3)}})}});
    if (dice_.chance(200)) limit = std::move(limit).with_member("duration", "PT1H");
    Value retry = Value::object({{"delay", duration()}, {"limit", std::move(limit)}});
    if (dice_.chance(400))
      retry = std::move(retry).with_member(
          "backoff", named(dice_.chance(500) ? "linear" : "exponential", Value::object(std::vector<Member>{})));
    if (dice_.chance(300))
      retry = std::move(retry).with_member("jitter", Value::object({{"from", "PT0S"}, {"to", "PT2S"}}));
    handler = std::move(handler).with_member("retry", std::move(retry));
  }
  if (dice_.chance(600)) handler = std::move(handler).with_member("do", tasks(depth, 1));
  return Value::object({{"try", tasks(depth, dice_.between(1, 3))}, {"catch", std::move(handler)}});
}

Value WorkflowMaker::repeat(std::size_t depth) {
  const std::vector<std::string> lists{"[1, 2]", "[range(3)]", "[1, 1, 2, 3]", "[range((.n? // 1) | fabs % 3)]"};
  Value task = Value::object({{"for", Value::object({{"each", "it"}, {"in", dice_.pick(lists)}})}});
  if (dice_.chance(300)) task = std::move(task).with_member("while", condition(1));
  return std::move(task).with_member("do", tasks(depth, dice_.between(1, 2)));
}

std::string WorkflowMaker::number(std::size_t depth) {
  if (depth == 0) {
    const std::size_t kind = dice_.below(4);
    if (kind == 0) return std::to_string(dice_.below(100));
    return kind == 1 ? "($context.n? // 2)" : "(.n? // 1)";
  }
  const std::string left = number(depth - 1), right = number(depth - 1);
  switch (dice_.below(8)) {
    case 0:
      return fmt::format("(({} + {}) % 100)", left, right);
    case 1:
      return fmt::format("(({} * 7 + {}) % 97)", left, right);
    case 2:
      return fmt::format("([{}, {}] | max)", left, right);
    case 3:
      return fmt::format("(if {} then {} else {} end)", condition(depth - 1), left, right);
    case 4:
      return fmt::format("([range(3)] | map(. + 1) | add + {} % 50)", right);
    case 5:
      return fmt::format("(({} | tostring | length) + {} % 90)", left, right);
    case 6:
      return fmt::format("(reduce range(3) as $i ({}; (. + $i) % 100))", left);
    default:
      return fmt::format("({{a: {}, b: {}}} | .a - .b | fabs | floor)", left, right);
  }
}

std::string WorkflowMaker::condition(std::size_t depth) {
  if (depth == 0) return dice_.chance(500) ? "((.ok? // .approved?) == true)" : "((.n? // 1) % 2 == 0)";
  switch (dice_.below(5)) {
    case 0:
      return fmt::format("({} > {})", number(depth - 1), number(depth - 1));
    case 1:
      return fmt::format("({} <= {})", number(depth - 1), dice_.below(100));
    case 2:
      return fmt::format("({} and ({} | not))", condition(depth - 1), condition(depth - 1));
    case 3:
      return fmt::format("({} or {})", condition(depth - 1), condition(depth - 1));
    default:
      return fmt::format("({} % 3 == 1)", number(depth - 1));
  }
}

}  // namespace gantry::sim

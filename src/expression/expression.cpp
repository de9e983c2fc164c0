#include "expression/expression.h"

#include "expression/compile_errors.h"
#include "expression/inspect.h"
#include "expression/machine.h"
#include "expression/null_refusal.h"
#include "expression/parser.h"
#include "expression/resolver.h"

namespace gantry::expression {

class Program {
 public:
  NodePointer root;
  Definitions definitions;
  std::uint32_t slots = 0;
  std::vector<std::string> variables;
  std::vector<bool> used_variables;
};

std::variant<ProgramPointer, CompileError> compile(std::string_view text, std::span<const std::string> variables,
                                                   Comparisons comparisons) {
  auto parsed = parse_program(text);
  if (auto* error = std::get_if<CompileError>(&parsed)) return std::move(*error);
  auto program = std::make_shared<Program>();
  program->root = std::move(std::get<0>(parsed));
  program->variables.assign(variables.begin(), variables.end());
  Resolved resolved;
  if (auto error = resolve_program(program->root, program->variables, program->definitions, resolved))
    return *std::move(error);
  if (comparisons == Comparisons::of_values) refuse_nulls(*program->root, program->definitions);
  program->slots = resolved.slots;
  program->used_variables = std::move(resolved.used_variables);
  return ProgramPointer(std::move(program));
}

std::vector<CompileError> compile_errors(std::string_view text, std::span<const std::string> variables) {
  auto parsed = parse_program(text);
  if (auto* error = std::get_if<CompileError>(&parsed)) return {std::move(*error)};
  Definitions definitions;
  return errors_in(std::get<0>(parsed), variables, definitions, compile_errors_max);
}

const Node& root_of(const Program& program) {
  return *program.root;
}

Reads reads_of(const Program& program) {
  Reads reads;
  for (std::size_t i = 0; i < program.variables.size(); ++i)
    if (program.used_variables[i]) reads.variables.push_back(program.variables[i]);
  return reads;
}

namespace {

Status check_arguments(const Program& program, const Evaluation& evaluation) {
  if (evaluation.arguments.size() == program.variables.size()) return done();
  return Error{Code::internal, "the expression was compiled for " + std::to_string(program.variables.size()) +
                                   " variables and given " + std::to_string(evaluation.arguments.size())};
}

}  // namespace

Status evaluate_each(const Program& program, const Value& input, const Evaluation& evaluation,
                     const std::function<bool(Value)>& output) {
  TRY(check_arguments(program, evaluation));
  Machine machine(*program.root, program.slots, evaluation);
  bool stopped = false;
  Flow flow = machine.run(input, [&](Value&& value, const Path*) {
    stopped = !output(std::move(value).labelled(machine.control()));
    return stopped ? Flow::halt : Flow::proceed;
  });
  if (flow == Flow::proceed || stopped) return done();
  return machine.error();
}

Result<Value> evaluate_first(const Program& program, const Value& input, const Evaluation& evaluation) {
  TRY(check_arguments(program, evaluation));
  Machine machine(*program.root, program.slots, evaluation);
  Value first;
  bool found = false;
  if (program.root->arity != Arity::many) {
    Got got = machine.run_one(input, first);
    if (got == Got::failed) return machine.error();
    found = got == Got::value;
  } else {
    Flow flow = machine.run(input, [&](Value&& value, const Path*) {
      first = std::move(value);
      found = true;
      return Flow::halt;
    });
    if (flow == Flow::halt && !found) return machine.error();
  }
  if (!found) return Error{Code::invalid_argument, "the expression gave no value"};
  return std::move(first).labelled(join(machine.control(), machine.seen()));
}

Result<Value> evaluate_only(const Program& program, const Value& input, const Evaluation& evaluation) {
  if (program.root->arity != Arity::many) return evaluate_first(program, input, evaluation);
  Value only;
  int count = 0;
  TRY(evaluate_each(program, input, evaluation, [&](Value value) {
    only = std::move(value);
    return ++count < 2;
  }));
  if (count == 1) return only;
  return Error{Code::invalid_argument,
               count == 0 ? "the expression gave no value" : "the expression gave several values"};
}

Result<std::vector<Value>> evaluate_all(const Program& program, const Value& input, const Evaluation& evaluation) {
  std::vector<Value> outputs;
  bool too_many = false;
  TRY(evaluate_each(program, input, evaluation, [&](Value value) {
    too_many = outputs.size() >= evaluation.limits.outputs_max;
    if (!too_many) outputs.push_back(std::move(value));
    return !too_many;
  }));
  if (too_many)
    return Error{Code::exhausted, "the expression gave more than " + std::to_string(evaluation.limits.outputs_max) +
                                      " values, which is the limit"};
  return outputs;
}

}  // namespace gantry::expression

// check, eval, schema, convert: no server, no store.
#include <algorithm>
#include <filesystem>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "definition/project_files.h"
#include "expression/compile_errors.h"
#include "prove/prove.h"
#include "tool/drivers.h"
#include "trial/case.h"
#include "value/json.h"
#include "value/schema.h"

namespace gantry::cli {
namespace {

struct Checked {
  definition::Problems problems;
  definition::SourceFiles files;
  std::string directory;
};

// The problems of a load: all of them, or the warnings of what was loaded.
definition::Problems problems_in(std::variant<definition::ProjectPointer, definition::Problems> loaded) {
  if (auto* problems = std::get_if<definition::Problems>(&loaded)) return std::move(*problems);
  const auto& project = std::get<definition::ProjectPointer>(loaded);
  definition::Problems problems = project->warnings;
  // A project that is fine in itself may still break its invariants.
  for (definition::Problem& problem : prove::problems_of(project)) problems.push_back(std::move(problem));
  return problems;
}

// The cases of its policies are no part of a project, but wrong ones are problems all the same.
void check_cases(const definition::Project& project, Checked& checked) {
  auto files = definition::read_policy_case_files(checked.directory);
  if (auto* problems = std::get_if<definition::Problems>(&files)) {
    checked.problems.insert(checked.problems.end(), problems->begin(), problems->end());
    return;
  }
  auto cases = trial::read_cases(std::get<definition::SourceFiles>(files), project);
  if (auto* problems = std::get_if<definition::Problems>(&cases))
    checked.problems.insert(checked.problems.end(), problems->begin(), problems->end());
  checked.files.merge(std::get<definition::SourceFiles>(files));
}

Checked check_path(const std::string& path) {
  Checked checked;
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    checked.directory = path;
    auto files = definition::read_project_files(path);
    if (auto* problems = std::get_if<definition::Problems>(&files)) {
      checked.problems = std::move(*problems);
      return checked;
    }
    checked.files = std::get<definition::SourceFiles>(std::move(files));
    auto loaded = definition::load_project(checked.files, tool::standard_checks());
    const auto* project = std::get_if<definition::ProjectPointer>(&loaded);
    const definition::ProjectPointer kept = project != nullptr ? *project : nullptr;
    checked.problems = problems_in(std::move(loaded));
    if (kept) check_cases(*kept, checked);
    return checked;
  }
  auto text = read_file(path);
  if (!text) {
    checked.problems.push_back({path, {}, text.error().message});
    return checked;
  }
  checked.files[path] = *text;
  checked.problems = problems_in(definition::load_single_workflow(path, std::move(*text), tool::standard_checks()));
  return checked;
}

Value to_value(const definition::Problem& problem, const std::string& directory) {
  std::string path =
      directory.empty() ? problem.path : (std::filesystem::path(directory) / problem.path).lexically_normal().string();
  return Value::object({{"path", path},
                        {"line", problem.place.line},
                        {"column", problem.place.column},
                        {"severity", name_of(problem.severity)},
                        {"message", problem.message}});
}

bool may_name_variable(std::string_view name) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && !is_digit(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

// NAME=JSON arguments and the members of the arguments file, in that order.
Result<std::pair<std::vector<std::string>, std::vector<Value>>> named_arguments(const EvalOptions& options) {
  std::vector<std::string> names;
  std::vector<Value> values;
  for (const std::string& argument : options.arguments) {
    std::size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error{Code::invalid_argument, "--arg: expected NAME=JSON, found '" + argument + "'"};
    if (!may_name_variable(argument.substr(0, equals)))
      return Error{Code::invalid_argument, "--arg: no expression can read a variable called '" + argument.substr(0, equals) +
                                               "': expected letters, digits and '_', not starting with a digit"};
    auto value = parse_json(std::string_view(argument).substr(equals + 1));
    if (!value)
      return Error{Code::invalid_argument, "--arg " + argument.substr(0, equals) + ": " + value.error().message};
    names.push_back(argument.substr(0, equals));
    values.push_back(std::move(*value));
  }
  if (options.arguments_file.empty()) return std::pair(std::move(names), std::move(values));
  std::string argument = options.arguments_file[0] == '@' ? options.arguments_file : "@" + options.arguments_file;
  Value file = TRY(read_input(argument, {}));
  if (!file.is_object()) return Error{Code::invalid_argument, "--args-file: expected a JSON object of arguments"};
  for (const Member& member : file.members()) {
    if (!may_name_variable(member.key.view()))
      return Error{Code::invalid_argument, "--args-file: no expression can read a variable called '" +
                                               std::string(member.key.view().substr(0, 60)) +
                                               "': expected letters, digits and '_', not starting with a digit"};
    names.emplace_back(member.key.view());
    values.push_back(member.value);
  }
  return std::pair(std::move(names), std::move(values));
}

void show_compile_error(const std::string& text, const expression::CompileError& error) {
  std::size_t line_start = text.rfind('\n', error.offset == 0 ? 0 : error.offset - 1);
  line_start = line_start == std::string::npos || error.offset == 0 ? 0 : line_start + 1;
  std::size_t line =
      1 + static_cast<std::size_t>(std::count(
              text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min(error.offset, text.size())), '\n'));
  note("gantry: expression:" + std::to_string(line) + ":" + std::to_string(error.offset - line_start + 1) + ": " +
       error.message);
  note("    " + text.substr(line_start, text.find('\n', line_start) - line_start));
  note("    " + std::string(error.offset - line_start, ' ') + "^");
}

}  // namespace

int check_command(const CheckOptions& options) {
  std::vector<Value> rows;
  std::size_t count = 0;
  for (const std::string& path : options.paths) {
    Checked checked = check_path(path);
    count += checked.problems.size();
    if (options.json)
      for (const auto& problem : checked.problems) rows.push_back(to_value(problem, checked.directory));
    else
      print_problems(checked.problems, checked.files, checked.directory);
  }
  if (options.json)
    print_value(Value::object({{"problems", Value::array(std::move(rows))}}));
  else
    note(count == 0 ? "no problems" : std::to_string(count) + " problem(s)");
  return count == 0 ? exit_done : exit_wrong_input;
}

int eval_command(const EvalOptions& options) {
  auto input = read_input(options.input, {});
  if (!input) return fail(input.error());
  auto arguments = named_arguments(options);
  if (!arguments) return fail(arguments.error());
  auto compiled = expression::compile(options.expression, arguments->first);
  if (std::holds_alternative<expression::CompileError>(compiled)) {
    for (const expression::CompileError& error : expression::compile_errors(options.expression, arguments->first))
      show_compile_error(options.expression, error);
    return exit_wrong_input;
  }
  expression::Evaluation evaluation;
  evaluation.arguments = arguments->second;
  evaluation.now = SystemClock().now();
  Status evaluated = expression::evaluate_each(*std::get<expression::ProgramPointer>(compiled), *input, evaluation,
                                               [](const Value& value) {
                                                 print_result(print_json(value));
                                                 return true;
                                               });
  if (evaluated) return exit_done;
  note("gantry: " + evaluated.error().message);
  return exit_no;
}

int schema_command(const SchemaOptions& options) {
  auto document = read_input("@" + options.schema, {});
  if (!document) return fail(document.error());
  auto schema = Schema::compile(*document);
  if (!schema) return fail({Code::invalid_argument, options.schema + ": " + schema.error().message});
  if (options.instance.empty()) {
    note("the schema is valid");
    return exit_done;
  }
  auto instance = read_input(options.instance == "-" ? "-" : "@" + options.instance, {});
  if (!instance) return fail(instance.error());
  std::vector<SchemaViolation> violations = schema->validate(*instance);
  if (options.json) {
    std::vector<Value> rows;
    for (const auto& violation : violations)
      rows.push_back(Value::object(
          {{"instance", violation.instance}, {"schema", violation.schema}, {"reason", violation.reason}}));
    print_value(Value::object({{"valid", violations.empty()}, {"violations", Value::array(std::move(rows))}}));
  } else {
    for (const auto& violation : violations)
      note((violation.instance.empty() ? "/" : violation.instance) + ": " + violation.reason + " (" + violation.schema +
           ")");
    note(violations.empty() ? "valid" : "invalid");
  }
  return violations.empty() ? exit_done : exit_no;
}

int convert_command(const ConvertOptions& options) {
  auto value = read_document_file(options.file, options.as);
  if (!value) return fail(value.error());
  print_value(*value);
  const Value* problems = value->find("problems");
  if (problems && problems->is_array())
    for (const Value& problem : problems->items())
      note(options.file + ": segment " + std::to_string(problem.integer_or("segment", 0)) + ", byte " +
           std::to_string(problem.integer_or("offset", 0)) + ": " + std::string(problem.string_or("message", "")));
  return exit_done;
}

}  // namespace gantry::cli

#include "definition/expression_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "expression/compile_errors.h"
#include "value/json.h"

namespace gantry::definition {
namespace {

// What to say of a variable that is not bound: where it would be, or what was probably meant.
std::string variable_hint(std::string_view message, const Scope& scope) {
  constexpr std::string_view end = " is not defined";
  if (!message.starts_with('$') || !message.ends_with(end)) return "";
  const std::string_view name = message.substr(1, message.size() - 1 - end.size());
  if (name == "error") return "; it is bound inside 'catch' only";
  if (name == "item" || name == "index") return "; it is bound inside a 'for' that gives its variables no other names";
  std::vector<std::string_view> known;
  for (const std::string& each : scope.names())
    if (each.rfind("__", 0) != 0) known.push_back(each);
  return suggestion(name, known);
}

// Where a program text stands: byte `offset` of the string at `node`.
void report_compile_error(const Node& node, std::size_t offset, const expression::CompileError& error,
                          const Scope& scope) {
  node.file().problem(node.file().text_place(node.pointer(), offset + error.offset),
                      "expression: " + error.message + variable_hint(error.message, scope));
}

void check_secret_use(const Node& node, const expression::Program& program, SecretUse secrets) {
  if (secrets == SecretUse::allowed) return;
  auto reads = expression::reads_of(program);
  if (std::find(reads.variables.begin(), reads.variables.end(), "secrets") != reads.variables.end())
    node.problem("$secrets can be read only in input.from and in authentication");
}

// The byte where the variable is read, as far as that is plain to see; the start of the text otherwise.
std::size_t find_variable(std::string_view text, const std::string& name) {
  const std::string written = "$" + name;
  for (std::size_t at = text.find(written); at != std::string_view::npos; at = text.find(written, at + 1)) {
    const char next = at + written.size() < text.size() ? text[at + written.size()] : ' ';
    if (std::isalnum(static_cast<unsigned char>(next)) == 0 && next != '_') return at;
  }
  return 0;
}

void warn_of_empty_variables(const Node& node, std::string_view text, std::size_t offset,
                             const expression::Program& program, const Scope& scope) {
  const expression::Reads reads = expression::reads_of(program);
  for (const auto& [name, why] : scope.without_values()) {
    if (std::find(reads.variables.begin(), reads.variables.end(), name) == reads.variables.end()) continue;
    node.file().warning(node.file().text_place(node.pointer(), offset + find_variable(text, name)),
                        fmt::format("${} is always null here: {}", name, why));
  }
}

// Compiles the text at `offset` of the string at `node`; null after a report.
expression::ProgramPointer compile_at(const Node& node, std::string_view text, std::size_t offset, const Scope& scope,
                                      SecretUse secrets) {
  auto compiled = expression::compile(text, scope.names());
  if (std::holds_alternative<expression::CompileError>(compiled)) {
    for (const expression::CompileError& error : expression::compile_errors(text, scope.names()))
      report_compile_error(node, offset, error, scope);
    return nullptr;
  }
  auto program = std::get<expression::ProgramPointer>(std::move(compiled));
  check_secret_use(node, *program, secrets);
  warn_of_empty_variables(node, text, offset, *program, scope);
  return program;
}

// Reports everything that is wrong with the strings of a template; true when nothing is.
bool check_template_strings(const Node& node, const Scope& scope, SecretUse secrets) {
  bool fine = true;
  if (node.value().is_string()) {
    std::string_view text = node.value().as_string();
    if (auto embedded = expression::embedded_expression(text))
      return compile_at(node, embedded->text, embedded->offset, scope, secrets) != nullptr;
    std::size_t start = text.find("${");
    if (start == std::string_view::npos) return true;
    node.file().problem(node.file().text_place(node.pointer(), start),
                        "an expression must be the whole text; write ${ \"text \\( expression ) text\" }");
    return false;
  }
  for (const Node& each : node.items()) fine = check_template_strings(each, scope, secrets) && fine;
  for (const Node& each : node.members()) fine = check_template_strings(each, scope, secrets) && fine;
  return fine;
}

// The jq program that builds the value, expressions put in place of their strings.
void write_program(const Value& value, std::string& program) {
  if (value.is_string()) {
    if (auto embedded = expression::embedded_expression(value.as_string())) {
      // The line break ends a comment that the expression may end with.
      program += fmt::format("({}\n)", embedded->text);
      return;
    }
  }
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      program += i == 0 ? "[" : ",";
      write_program(*value.find(i), program);
    }
    program += value.size() == 0 ? "[]" : "]";
  } else if (value.is_object()) {
    const char* separator = "{";
    for (const Member& each : value.members()) {
      program += separator + print_json(Value(each.key)) + ":(";
      write_program(each.value, program);
      program += ")";
      separator = ",";
    }
    program += value.size() == 0 ? "{}" : "}";
  } else {
    program += print_json(value);
  }
}

}  // namespace

Scope Scope::standard() {
  return Scope(standard_arguments()).without_value("output", "it holds the task's output, in 'export.as' only");
}

Scope Scope::without_value(const std::string& name, std::string why) const {
  Scope inner = *this;
  inner.without_values_.insert_or_assign(name, std::move(why));
  return inner;
}

Scope Scope::with_value(const std::string& name) const {
  Scope inner = *this;
  inner.without_values_.erase(name);
  return inner;
}

Scope Scope::with(const std::string& name) const {
  Scope inner = *this;
  for (std::size_t i = fixed_; i < inner.names_.size(); ++i)
    if (inner.names_[i] == name) inner.hide(i);
  inner.names_.push_back(name);
  return inner;
}

Scope without_input(const Scope& scope) {
  return scope.without_value("input", "it holds the input that 'input.from' gives; the raw input is '.'");
}

Scope Scope::hiding_added() const {
  Scope inner = *this;
  for (std::size_t i = fixed_; i < inner.names_.size(); ++i) inner.hide(i);
  return inner;
}

void Scope::hide(std::size_t index) {
  names_[index] = fmt::format("__hidden_{}", index);
}

std::optional<Expression> read_expression(const Node& node, const Scope& scope, SecretUse secrets) {
  if (!node.value().is_string() || node.value().size() == 0) {
    node.expected("a jq expression (text)");
    return std::nullopt;
  }
  std::string_view text = node.value().as_string();
  std::size_t offset = 0;
  if (auto embedded = expression::embedded_expression(text)) {
    text = embedded->text;
    offset = embedded->offset;
  }
  auto program = compile_at(node, text, offset, scope, secrets);
  if (!program) return std::nullopt;
  return Expression{std::move(program), std::string(text)};
}

Template read_template(const Node& node, const Scope& scope, SecretUse secrets) {
  if (!check_template_strings(node, scope, secrets)) return {};
  return build_template(node, node.value(), scope);
}

Template build_template(const Node& node, const Value& value, const Scope& scope) {
  auto compiled = Template::compile(value, scope.names());
  if (auto* error = std::get_if<expression::TemplateError>(&compiled)) {
    node.problem(fmt::format("expression at '{}': {}", error->pointer, error->message));
    return {};
  }
  return std::get<Template>(std::move(compiled));
}

std::optional<Template> read_transform(const Node& node, const Scope& scope, SecretUse secrets) {
  if (node.value().is_object()) return read_template(node, scope, secrets);
  if (!node.value().is_string() || node.value().size() == 0) {
    node.expected("a jq expression (text) or an object with ${ } expressions");
    return std::nullopt;
  }
  auto expression = read_expression(node, scope, secrets);
  if (!expression) return std::nullopt;
  return build_template(node, Value("${" + expression->text + "\n}"), scope);
}

std::optional<Expression> read_collection(const Node& node, const Scope& scope) {
  if (!node.value().is_array()) return read_expression(node, scope);
  if (!check_template_strings(node, scope, SecretUse::refused)) return std::nullopt;
  Expression expression;
  write_program(node.value(), expression.text);
  expression.program = compile_at(node, expression.text, 0, scope, SecretUse::refused);
  if (!expression.program) return std::nullopt;
  return expression;
}

std::optional<std::string> read_variable(const Node& node) {
  auto name = node.text("the name of a variable");
  if (!name) return std::nullopt;
  auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  bool valid = name->size() <= 63 && is_letter(name->front()) && name->rfind("__", 0) != 0 &&
               std::all_of(name->begin(), name->end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
  const auto& standard = standard_arguments();
  if (!valid) {
    node.expected("the name of a variable: letters, digits and '_', at most 63, not starting with a digit or '__'");
  } else if (std::find(standard.begin(), standard.end(), *name) != standard.end()) {
    node.problem(
        fmt::format("'{}' can't be the name of a variable: ${} has a meaning in every expression", *name, *name));
  } else {
    return name;
  }
  return std::nullopt;
}

}  // namespace gantry::definition

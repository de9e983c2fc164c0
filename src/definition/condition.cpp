#include "definition/condition.h"

#include <algorithm>
#include <array>

namespace gantry::definition {
namespace {

struct ConditionFunction {
  std::string_view name;
  std::string_view text;      // its definition in jq; `$facts` is bound around it
  std::string_view needs[4];  // functions that it calls, which stand before it in the table
};

// Each is put in front of the conditions that name it, so that the others cost nothing.
constexpr std::array<ConditionFunction, 29> condition_functions = {{
    {"_rank",
     R"jq(def _rank($levels; $level): $levels | index([$level])
       // error("there is no level \($level); levels are \($levels | join(", "))");)jq",
     {}},
    {"_integrity",
     R"jq(def _integrity($level): _rank(["untrusted", "constrained", "internal", "trusted"]; $level);)jq",
     {"_rank"}},
    {"_secrecy",
     R"jq(def _secrecy($level): _rank(["public", "internal", "confidential", "secret"]; $level);)jq",
     {"_rank"}},
    {"_of",
     R"jq(def _of($argument): $facts.provenance
       | if has($argument) then .[$argument] else error("the effect has no argument \($argument)") end;)jq",
     {}},
    {"_all", R"jq(def _all(values; wanted): [values] | length > 0 and all(.[]; wanted);)jq", {}},
    // The names in "body/to", and back; as path_name_of (gate/known_index.h) writes them.
    {"_path",
     R"jq(def _path($argument): $argument | split("/") | if . == [] then [""] else . end
       | map(split("~2") | join("*") | split("~1") | join("/") | split("~0") | join("~"));)jq",
     {}},
    {"_name",
     R"jq(def _name: split("~") | join("~0") | split("/") | join("~1") | split("*") | join("~2");)jq",
     {}},
    // As in jq, but what is missing is not looked for, nor in what is missing.
    {"IN", R"jq(def IN(wanted): any(wanted == .; .); def IN(given; wanted): any(given == wanted; .);)jq", {}},
    {"has_argument",
     R"jq(def has_argument($argument): reduce _path($argument)[] as $part ([$facts.effect.arguments];
       map(select(type == "object" and has($part)) | .[$part])) | length == 1;)jq",
     {"_path"}},
    {"argument",
     R"jq(def argument($argument): reduce _path($argument)[] as $part ($facts.effect.arguments;
       if type == "object" and has($part) then .[$part]
       else error("the effect has no argument \($argument)") end);)jq",
     {"_path"}},
    {"origin", R"jq(def origin($argument): _of($argument).origin;)jq", {"_of"}},
    {"at_least",
     R"jq(def at_least($argument; $level): _integrity($level) as $wanted | _of($argument) as $found
       | if $level == "constrained" and ($facts.authority | index([_path($argument)[0]]))
         then error("constrained is never enough for \($argument), which decides who is affected")
         else _integrity($found.integrity) >= $wanted end;)jq",
     {"_integrity", "_of", "_path"}},
    {"requested", R"jq(def requested($argument): _all(_of($argument).origins[]; index(["request"]));)jq", {"_of", "_all"}},
    {"from_workflow",
     R"jq(def from_workflow($argument): _all(_of($argument).origins[]; index(["workflow"]));)jq",
     {"_of", "_all"}},
    {"from_record",
     R"jq(def from_record($argument; $record): _all(_of($argument).origins[]; index(["record:\($record)"]));)jq",
     {"_of", "_all"}},
    {"in_list",
     R"jq(def in_list($argument; $list): if $facts.lists | has($list)
       then $facts.lists[$list] as $known
         | _all(argument($argument) | if type == "array" then .[] elif type == "object" then keys[], .[] else . end;
                type == "string" and (. as $key | $known | has($key)))
       else error("there is no list \($list)") end;)jq",
     {"argument", "_all"}},
    {"no_foreign_links",
     R"jq(def no_foreign_links($argument): _of($argument) | .badLinks == [] and .hiddenText == [];)jq",
     {"_of"}},
    {"no_hidden_text", R"jq(def no_hidden_text($argument): _of($argument).hiddenText == [];)jq", {"_of"}},
    {"has_shape",
     R"jq(def has_shape($argument; $shape): _of($argument)
       | .hiddenText == [] and _all(.shapes[]; . == $shape);)jq",
     {"_of", "_all"}},
    {"host_like",
     R"jq(def host_like($argument): _of($argument)
       | .hiddenText == [] and _all(.shapes[]; . == "url" or . == "host");)jq",
     {"_of", "_all"}},
    {"mail_like", R"jq(def mail_like($argument): has_shape($argument; "mail");)jq", {"has_shape"}},
    {"iban_like", R"jq(def iban_like($argument): has_shape($argument; "iban");)jq", {"has_shape"}},
    {"secrecy_at_most",
     R"jq(def secrecy_at_most($argument; $level): _secrecy($level) as $wanted | _of($argument)
       | .compartments == [] and _secrecy(.secrecy) <= $wanted;)jq",
     {"_secrecy", "_of"}},
    {"context_at_most",
     R"jq(def context_at_most($level): _secrecy($level) as $wanted | $facts.context
       | .compartments == [] and _secrecy(.secrecy) <= $wanted;)jq",
     {"_secrecy"}},
    {"context_at_least",
     R"jq(def context_at_least($level): _integrity($level) as $wanted
       | _integrity($facts.context.integrity) >= $wanted;)jq",
     {"_integrity"}},
    {"audience_cleared",
     R"jq(def audience_cleared: $facts
       | .labels.compartments == [] and _secrecy(.labels.secrecy) <= _secrecy(.audience.clearance);)jq",
     {"_secrecy"}},
    {"context_cleared",
     R"jq(def context_cleared: $facts
       | .context.compartments == [] and _secrecy(.context.secrecy) <= _secrecy(.audience.clearance);)jq",
     {"_secrecy"}},
    {"authority_at_least",
     R"jq(def authority_at_least($level): _integrity($level) as $wanted
       | if $level == "constrained" then error("constrained is never enough for what decides who is affected")
         else _all($facts.authority[] | select(in($facts.effect.arguments));
                   _integrity(_of(_name).integrity) >= $wanted) end;)jq",
     {"_integrity", "_of", "_all", "_name"}},
    {"authority_requested",
     R"jq(def authority_requested: _all($facts.authority[] | select(in($facts.effect.arguments));
       _all(_of(_name).origins[]; index(["request"])));)jq",
     {"_of", "_all", "_name"}},
}};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool names(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) return true;
  }
  return false;
}

// The definitions that the text needs, on one line, with `$facts` bound.
std::string prelude_for(std::string_view text) {
  std::array<bool, condition_functions.size()> used{};
  for (std::size_t index = condition_functions.size(); index-- > 0;) {
    const ConditionFunction& function = condition_functions[index];
    if (function.name.front() != '_' && names(text, function.name)) used[index] = true;
    if (!used[index]) continue;
    for (std::size_t needed = 0; needed < index; ++needed) {
      const auto& needs = function.needs;
      if (std::find(std::begin(needs), std::end(needs), condition_functions[needed].name) != std::end(needs))
        used[needed] = true;
    }
  }
  std::string prelude;
  for (std::size_t index = 0; index < condition_functions.size(); ++index)
    if (used[index]) prelude.append(condition_functions[index].text).append(" ");
  if (!prelude.empty() || names(text, "facts")) prelude.insert(0, ". as $facts | ");
  return prelude;
}

}  // namespace

std::variant<expression::ProgramPointer, expression::CompileError> compile_condition(std::string_view text) {
  const std::string prelude = prelude_for(text);
  auto compiled = expression::compile(prelude + std::string(text), {}, expression::Comparisons::of_values);
  if (auto* error = std::get_if<expression::CompileError>(&compiled))
    error->offset -= std::min(error->offset, prelude.size());
  return compiled;
}

std::optional<Expression> read_condition(const Node& node) {
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
  auto compiled = compile_condition(text);
  if (auto* error = std::get_if<expression::CompileError>(&compiled)) {
    node.file().problem(node.file().text_place(node.pointer(), offset + error->offset),
                        "expression: " + error->message);
    return std::nullopt;
  }
  return Expression{std::get<expression::ProgramPointer>(std::move(compiled)), std::string(text)};
}

bool asks_for_provenance(const Value& policy) {
  if (policy.is_string()) {
    const std::string_view text = policy.as_string();
    return text.find("provenance") != std::string_view::npos ||
           prelude_for(text).find("provenance") != std::string::npos;
  }
  if (policy.is_array())
    return std::any_of(policy.items().begin(), policy.items().end(),
                       [](const Value& item) { return asks_for_provenance(item); });
  if (policy.is_object())
    return std::any_of(policy.members().begin(), policy.members().end(),
                       [](const Member& member) { return asks_for_provenance(member.value); });
  return false;
}

}  // namespace gantry::definition

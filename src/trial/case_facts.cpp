// What the run of a case was given, and how its arguments are labelled.
#include <fmt/format.h>

#include <algorithm>

#include "gate/request_labels.h"
#include "gate/result_labels.h"
#include "tool/standard_call.h"
#include "trial/case_reader.h"
#include "value/pointer.h"

namespace gantry::trial {

using definition::Node;
using definition::ObjectReader;
using Kind = gate::KnownValues::Kind;

namespace {

// Texts that are looked for in the arguments, "body/to" as {"body", "to"}.
std::vector<std::string> parts_of_argument(const std::string& name) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  while (true) {
    const std::size_t slash = name.find('/', start);
    parts.push_back(name.substr(start, slash == std::string::npos ? slash : slash - start));
    if (slash == std::string::npos) return parts;
    start = slash + 1;
  }
}

Value with_part(const Value& whole, std::span<const std::string> path, const Value& part) {
  if (path.empty()) return part;
  const Value* child = whole.find(std::string_view(path.front()));
  Value changed = with_part(child == nullptr ? Value() : *child, path.subspan(1), part);
  return Value(whole).with_member(path.front(), std::move(changed));
}

// A value in which the path leads to `leaf`: {"a": [leaf]} for /a/*.
Value around(const Value& leaf, std::span<const std::string> path) {
  if (path.empty()) return leaf;
  Value inner = around(leaf, path.subspan(1));
  const bool is_item = path.front() == "*" || path.front() == "0";
  return is_item ? Value::array({std::move(inner)}) : Value::object({{path.front(), std::move(inner)}});
}

// The value under the path that equals `leaf`, with the labels of all above it.
std::optional<Value> find_below(const Value& value, std::span<const std::string> path, const Value& leaf, Label outer) {
  const Label label = join(outer, value.label());
  if (path.empty()) return value == leaf ? std::optional(value.labelled(label)) : std::nullopt;
  const std::string& token = path.front();
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      if (token == "*" || token == std::to_string(i))
        if (auto found = find_below(value.items()[i], path.subspan(1), leaf, label)) return found;
  } else if (value.is_object()) {
    for (const Member& member : value.members())
      if (token == "*" || token == member.key.view())
        if (auto found = find_below(member.value, path.subspan(1), leaf, label)) return found;
  }
  return std::nullopt;
}

// Every argument by itself, so that what is said of one of them can be better than of the others.
Value with_each_labelled(const Value& arguments, Label label) {
  std::vector<Member> members;
  for (const Member& member : arguments.members()) members.push_back({member.key, member.value.relabelled(label)});
  return Value::object(std::move(members));
}

Label read_label(const Node& node) {
  LabelContent content;
  if (node.value().is_string()) {
    content.integrity = definition::read_integrity(node).value_or(content.integrity);
    if (content.integrity != Integrity::trusted) content.sources = {"case"};
    return Label::of(std::move(content));
  }
  ObjectReader reader(node, "a label");
  content = definition::read_label_content(reader, content);
  if (auto sources = reader.find("sources")) content.sources = sources->texts("a list of sources, as tool:mail.read");
  std::sort(content.sources.begin(), content.sources.end());
  std::sort(content.compartments.begin(), content.compartments.end());
  return Label::of(std::move(content));
}

}  // namespace

void CaseFacts::add(Kind kind, std::string name, Value value) {
  case_.situation.context = join(case_.situation.context, value.deep_label());
  if (kind == Kind::result) past_->add_done(name);
  known_->add(kind, std::move(name), std::move(value));
}

std::optional<Value> CaseFacts::labelled(Kind kind, const std::string& name, Value value, const Node& node) {
  switch (kind) {
    case Kind::request:
    case Kind::input:
      return gate::labelled_request(std::move(value), project_, case_.situation.effect.workflow,
                                    case_.situation.requester);
    case Kind::event:
      return gate::labelled_event(std::move(value), &project_, {});
    case Kind::answer:
      return gate::labelled_answer(std::move(value), name);
    case Kind::result:
      break;
  }
  const std::size_t dot = name.find('.');
  const std::string tool = name.substr(0, dot);
  const auto* operation = tool::find_operation(project_, tool, dot == std::string::npos ? "" : name.substr(dot + 1));
  if (operation != nullptr) return gate::labelled_result(std::move(value), *operation, tool, &project_);
  std::string unused_tool, unused_operation;
  const Value text(name);
  read_operation(Node(text, node.pointer(), node.file()), project_, unused_tool, unused_operation);
  return std::nullopt;
}

void CaseFacts::read_results(const Node& node) {
  if (!node.is_array("a list of {tool, value}")) return;
  for (const Node& each : node.items()) {
    ObjectReader reader(each, "a result");
    auto tool = reader.require("tool");
    auto value = reader.require("value");
    if (!tool || !value) continue;
    const auto name = tool->text("TOOL.OPERATION");
    if (!name) continue;
    if (auto result = labelled(Kind::result, *name, value->value(), *tool))
      add(Kind::result, *name, *std::move(result));
  }
}

void CaseFacts::read_events(const Node& node) {
  if (!node.is_array("a list of {type, data}")) return;
  for (const Node& each : node.items()) {
    ObjectReader reader(each, "an event");
    const auto type = reader.required_text("type");
    auto data = reader.find("data");
    if (!type) continue;
    Value event = Value::object({{"type", *type}, {"data", data ? data->value() : Value()}});
    if (auto known = labelled(Kind::event, *type, std::move(event), each)) add(Kind::event, *type, *std::move(known));
  }
}

void CaseFacts::read_answers(const Node& node) {
  if (!node.is_array("a list of {person, value}")) return;
  for (const Node& each : node.items()) {
    ObjectReader reader(each, "an answer");
    const auto person = reader.required_text("person");
    auto value = reader.require("value");
    if (person && value) add(Kind::answer, *person, *labelled(Kind::answer, *person, value->value(), each));
  }
}

// What the run has decided counts for invariants only: an answer is no value that it was given.
void CaseFacts::read_decisions(const Node& node) {
  if (!node.is_array("a list of {decision, answer}")) return;
  for (const Node& each : node.items()) {
    ObjectReader reader(each, "a decision that was made");
    auto decision = reader.require("decision");
    auto answer = reader.require("answer");
    const auto name = decision ? decision->text("the name of a decision") : std::nullopt;
    if (!name || !answer) continue;
    std::vector<std::string_view> known;
    for (const auto& [each_name, unused] : project_.decisions) known.push_back(each_name);
    if (!project_.decisions.contains(*name))
      decision->problem(fmt::format("there is no decision '{}'{}", *name, definition::suggestion(*name, known)));
    past_->add_decided(*name, answer->value());
  }
}

void CaseFacts::read_run(const Node& node) {
  ObjectReader reader(node, "the run of a case");
  if (auto id = reader.text("id")) case_.situation.run = *id;
  if (auto request = reader.find("request")) request_ = request->value();
  if (auto results = reader.find("results")) read_results(*results);
  if (auto events = reader.find("events")) read_events(*events);
  if (auto answers = reader.find("answers")) read_answers(*answers);
  if (auto decisions = reader.find("decisions")) read_decisions(*decisions);
  if (auto approvals = reader.find("approvals"))
    for (const std::string& task : approvals->texts("a list of tasks with call: approval")) past_->add_approved(task);
  if (auto context = reader.find("context"))
    case_.situation.context = join(case_.situation.context, read_label(*context));
}

std::optional<Value> CaseFacts::find_argument(const Node& node, const std::string& argument) const {
  const Value* found = &case_.situation.effect.arguments;
  for (const std::string& part : parts_of_argument(argument)) {
    const Value* inner = found->is_object() ? found->find(std::string_view(part)) : nullptr;
    if (inner == nullptr) {
      std::vector<std::string_view> names;
      if (found->is_object())
        for (const Member& member : found->members()) names.push_back(member.key.view());
      node.key_problem(fmt::format("the case has no argument '{}'{}", argument, definition::suggestion(part, names)));
      return std::nullopt;
    }
    found = inner;
  }
  return *found;
}

void CaseFacts::set_argument(const std::string& argument, const Value& value) {
  Value& arguments = case_.situation.effect.arguments;
  arguments = with_part(arguments, parts_of_argument(argument), value);
}

std::optional<CaseFacts::Place> CaseFacts::read_place(const Node& node, const std::string& argument) {
  const auto text = node.text("request, pasted, TOOL.OPERATION/path, event:TYPE/path or answer:PERSON");
  if (!text) return std::nullopt;
  if (*text == "request") return Place{Kind::request, "", {}};
  if (text->starts_with("answer:")) return Place{Kind::answer, text->substr(7), {}};
  const bool is_event = text->starts_with("event:");
  const std::string place = is_event ? text->substr(6) : *text;
  const std::size_t slash = place.find('/');
  Place found{is_event ? Kind::event : Kind::result, place.substr(0, slash), {}};
  const std::string path = slash == std::string::npos ? (is_event ? "/data/" : "/") + parts_of_argument(argument).back()
                                                      : place.substr(slash);
  auto tokens = parse_pointer(path);
  if (tokens && !found.name.empty()) {
    found.path = *std::move(tokens);
    return found;
  }
  node.problem(tokens ? "expected the name of a tool's operation before the path" : tokens.error().message);
  return std::nullopt;
}

// The argument is the value at the place: that which the run was given there already, or else it was given it now.
void CaseFacts::come_from(const Node& node, const std::string& argument, const Place& place) {
  const auto leaf = find_argument(node, argument);
  if (!leaf) return;
  for (const auto& entry : known_->entries()) {
    if (entry.kind != place.kind || entry.name != place.name) continue;
    if (auto found = find_below(entry.value, place.path, *leaf, {})) return set_argument(argument, *found);
  }
  auto whole = labelled(place.kind, place.name, around(*leaf, place.path), node);
  if (!whole) return;
  if (auto found = find_below(*whole, place.path, *leaf, {})) set_argument(argument, *found);
  add(place.kind, place.name, *std::move(whole));
}

void CaseFacts::read_from(const Node& node) {
  if (!node.value().is_object()) return node.expected("an object: ARGUMENT: where it comes from");
  for (const Node& each : node.members()) {
    const std::string argument = each.key();
    if (each.value() == Value("pasted")) {
      const auto value = find_argument(each, argument);
      if (!value) continue;
      set_argument(argument, value->labelled(Label::of({Integrity::untrusted, Secrecy::public_, {"pasted"}, {}})));
      continue;
    }
    const auto place = read_place(each, argument);
    if (!place) continue;
    if (place->kind != Kind::request) {
      come_from(each, argument, *place);
    } else if (auto value = find_argument(each, argument)) {
      requested_.emplace_back(argument, *std::move(value));
    }
  }
}

// `*` first, so that what is said of a single argument counts.
void CaseFacts::read_labels(const Node& node) {
  Value& arguments = case_.situation.effect.arguments;
  if (!arguments.is_object()) return;
  if (node.value().is_string()) {
    arguments = with_each_labelled(arguments, read_label(node));
    return;
  }
  if (!node.value().is_object()) return node.expected("an integrity, or an object: ARGUMENT: label");
  for (const Node& each : node.members())
    if (each.key() == "*") arguments = with_each_labelled(arguments, read_label(each));
  for (const Node& each : node.members()) {
    if (each.key() == "*") continue;
    const Label label = read_label(each);
    if (auto value = find_argument(each, each.key())) set_argument(each.key(), value->relabelled(label));
  }
}

void CaseFacts::finish() {
  Value request = std::move(request_);
  if (!requested_.empty() && !request.is_object()) {
    // What was requested by name stands beside the text of the request.
    std::vector<Member> members;
    if (!request.is_null()) members.push_back({Text("request"), std::move(request)});
    request = Value::object(std::move(members));
  }
  for (auto& [argument, value] : requested_) request = std::move(request).with_member(argument, value.relabelled({}));
  if (!request.is_null())
    add(Kind::request, "",
        gate::labelled_request(std::move(request), project_, case_.situation.effect.workflow,
                               case_.situation.requester));
  case_.situation.known = std::move(known_);
  case_.situation.past = std::move(past_);
}

}  // namespace gantry::trial

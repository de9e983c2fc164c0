// Events in workflows: emit, listen, and the filters and strategies that say which events are meant.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "definition/event_attribute.h"
#include "definition/version.h"
#include "definition/workflow_reader.h"
#include "value/json.h"

namespace gantry::definition {
namespace {

constexpr std::size_t filters_max = 100;  // of one strategy

const std::vector<std::string_view>& attribute_names() {
  static const std::vector<std::string_view> names = {
      "id", "source", "type", "time", "subject", "datacontenttype", "dataschema", "data", "data_base64", "specversion"};
  return names;
}

// CloudEvents 1.0: names of attributes are lower-case letters and digits.
bool may_name_attribute(std::string_view name) {
  const bool known = std::find(attribute_names().begin(), attribute_names().end(), name) != attribute_names().end();
  return known || (!name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
                     return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
                   }));
}

void check_attribute_name(const Node& node) {
  const std::string name = node.key();
  if (may_name_attribute(name)) return;
  const std::string_view near = nearest_name(name, attribute_names());
  node.key_problem(fmt::format("'{}' can't be an attribute of an event: expected lower-case letters and digits{}",
                               name.substr(0, 60), near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
}

// What an event to emit says in plain words is checked as the event itself will be.
void check_literal_attribute(const Node& node) {
  check_attribute_name(node);
  const std::string name = node.key();
  if (name == "data" || has_expressions(node.value()) || !may_name_attribute(name)) return;
  if (node.value().is_null())  // left out of the event, where something is computed or filled in
    return name == "type" ? node.expected("text") : void();
  const Status checked = check_event_attribute(name, node.value());
  if (!checked) node.problem(checked.error().message);
}

// The attributes of the standard are text in every event; one of an extension may be a number, true or false.
void check_may_be_no_text(const Node& node) {
  const std::string name = node.key();
  if (name == "data" || name == "data_base64") return;
  if (std::find(attribute_names().begin(), attribute_names().end(), name) == attribute_names().end()) return;
  node.problem(fmt::format("expected text or a ${{ expression }}, found {}: '{}' of an event is text, so that this would never match",
                           describe_found(node.value()), name));
}

// Text with one of these is taken for a regular expression. A point alone does not make one, or every type would be.
bool has_pattern_syntax(std::string_view text) {
  return text.find_first_of("*+?^$|()[]\\") != std::string_view::npos;
}

// `expect: .id` compares with the text ".id", which hardly anybody means.
void warn_of_bare_expression(const Node& node) {
  if (!node.value().is_string() || node.value().size() < 2 || has_expressions(node.value())) return;
  const std::string_view text = node.value().as_string();
  const bool looks_like_one = (text[0] == '.' && text[1] != '.' && text[1] != '/') || (text[0] == '$' && text[1] != '{');
  if (looks_like_one)
    node.warning(fmt::format("'expect' is a constant here, the text {}; for an expression write ${{ {} }}",
                             print_json(node.value()).substr(0, 60), text.substr(0, 60)));
}

}  // namespace

EmitTask WorkflowReader::read_emit(ObjectReader& reader, const Place& place) {
  ObjectReader emit(*reader.find("emit"), "'emit'");
  auto event_node = emit.require("event");
  if (!event_node) return {};
  ObjectReader event(*event_node, "'event'");
  auto with = event.require("with");
  if (!with) return {};
  ObjectReader attributes(*with, "an event");
  attributes.allow_other_keys();
  for (const Node& attribute : with->members()) check_literal_attribute(attribute);
  if (attributes.has("data") && attributes.has("data_base64"))
    with->member("data_base64").key_problem("'data' and 'data_base64' exclude each other");
  if (attributes.is_object() && !attributes.has("type")) with->problem("'type' is missing in an event");
  return {read_template(*with, place.scope)};
}

ListenTask WorkflowReader::read_listen(ObjectReader& reader, const Place& place) {
  static constexpr std::array<Choice<EventReading>, 3> readings = {
      {{"data", EventReading::data}, {"envelope", EventReading::envelope}, {"raw", EventReading::raw}}};
  ListenTask task;
  ObjectReader listen(*reader.find("listen"), "'listen'");
  if (auto to = listen.require("to")) task.to = read_event_consumption(*to, place.scope, true);
  if (auto read = listen.find("read"))
    task.read = read_choice<EventReading>(*read, readings).value_or(EventReading::data);
  if (auto each = reader.find("foreach")) task.each = read_event_iterator(*each, place);
  return task;
}

EventConsumption WorkflowReader::read_event_consumption(const Node& node, const Scope& scope, bool may_have_until) {
  EventConsumption consumption;
  ObjectReader reader(node, "what to listen to");
  auto one = reader.find("one");
  auto all = reader.find("all");
  auto any = reader.find("any");
  if (!reader.is_object()) return consumption;
  if ((one ? 1 : 0) + (all ? 1 : 0) + (any ? 1 : 0) != 1) {
    node.problem("expected exactly one of one, all, any");
    reader.allow_other_keys();
    return consumption;
  }
  if (one) {
    consumption.filters.push_back(read_event_filter(*one, scope));
  } else {
    consumption.kind = all ? EventConsumption::Kind::all : EventConsumption::Kind::any;
    const Node& list = all ? *all : *any;
    if (!list.is_array("a list of event filters")) return consumption;
    if (all && list.value().size() == 0) list.problem("'all' needs at least one event filter");
    if (list.value().size() > filters_max) list.problem(fmt::format("more than {} event filters", filters_max));
    for (const Node& filter : list.items()) consumption.filters.push_back(read_event_filter(filter, scope));
  }
  if (auto until = reader.find("until")) {
    if (!any || !may_have_until)
      until->key_problem(any ? "the events that end a listening can't have an 'until' of their own"
                             : "'until' belongs to 'any' only: 'one' and 'all' end by themselves");
    else
      read_until(*until, scope, consumption);
  }
  return consumption;
}

void WorkflowReader::read_until(const Node& node, const Scope& scope, EventConsumption& consumption) {
  if (node.value().is_string())
    consumption.until = read_expression(node, scope);
  else if (node.value().is_object())
    consumption.until_consumed = std::make_shared<const EventConsumption>(read_event_consumption(node, scope, false));
  else
    node.expected("a jq expression (text) or the events that end the listening (one, all or any)");
}

EventFilter WorkflowReader::read_event_filter(const Node& node, const Scope& scope) {
  EventFilter filter;
  ObjectReader reader(node, "an event filter");
  if (auto with = reader.require("with")) {
    if (!with->value().is_object() || with->value().size() == 0)
      with->expected("an object with at least one attribute of the event, for example type");
    for (const Node& attribute : with->members()) filter.with.push_back(read_event_attribute(attribute, scope));
  }
  auto correlate = reader.find("correlate");
  if (!correlate) return filter;
  if (!correlate->value().is_object()) correlate->expected("an object of correlations by name");
  for (const Node& correlation : correlate->members())
    filter.correlate.push_back(read_event_correlation(correlation, scope));
  return filter;
}

EventAttribute WorkflowReader::read_event_attribute(const Node& node, const Scope& scope) {
  EventAttribute attribute;
  attribute.name = node.key();
  check_attribute_name(node);
  const Value& value = node.value();
  const bool is_data = attribute.name == "data";
  attribute.is_expression = value.is_string() && has_expressions(value);
  if (!is_data && (value.is_null() || value.is_array() || value.is_object()))
    node.expected("text, a number, true, false or a ${ expression }");
  if (value.is_number() || value.is_boolean()) check_may_be_no_text(node);
  attribute.expected = read_template(node, scope);
  if (is_data || attribute.is_expression || !value.is_string()) return attribute;
  if (value.size() == 0) node.expected("text that is not empty");
  if (!has_pattern_syntax(value.as_string())) {
    attribute.only_text = std::string(value.as_string());
    observes_lifecycle_ = observes_lifecycle_ || (attribute.name == "type" && is_lifecycle_type(*attribute.only_text));
    return attribute;
  }
  auto pattern = EcmaPattern::compile(value.as_string());
  if (pattern) pattern = EcmaPattern::compile(fmt::format("^(?:{})$", value.as_string()));
  if (pattern)
    attribute.pattern = *std::move(pattern);
  else
    node.problem(fmt::format("not a regular expression, which text with one of * + ? ^ $ | ( ) [ ] \\ is here: {}",
                             pattern.error().message));
  return attribute;
}

EventCorrelation WorkflowReader::read_event_correlation(const Node& node, const Scope& scope) {
  EventCorrelation correlation;
  correlation.key = node.key();
  ObjectReader reader(node, fmt::format("correlation '{}'", correlation.key));
  if (auto from = reader.require("from"))
    if (auto expression = read_expression(*from, scope)) correlation.from = std::move(*expression);
  auto expect = reader.find("expect");
  if (!expect) return correlation;
  if (expect->value().is_array() || expect->value().is_object() || expect->value().is_null())
    expect->expected("a constant or a ${ expression }");
  correlation.expect = read_template(*expect, scope);
  warn_of_bare_expression(*expect);
  return correlation;
}

EventIterator WorkflowReader::read_event_iterator(const Node& node, const Place& place) {
  EventIterator iterator;
  ObjectReader reader(node, "'foreach'");
  if (auto item = reader.find("item")) iterator.item = read_variable(*item).value_or(iterator.item);
  if (auto at = reader.find("at")) iterator.at = read_variable(*at).value_or(iterator.at);
  if (iterator.item == iterator.at) node.problem(fmt::format("'item' and 'at' are both called '{}'", iterator.at));
  const Scope inner = place.scope.with(iterator.item).with(iterator.at);
  if (auto body = reader.find("do")) iterator.body = read_task_list(*body, inner, place.reference + "/foreach/do");
  iterator.output = read_data_flow(reader, "output", "as", inner);
  iterator.export_ = read_data_flow(reader, "export", "as", inner);
  return iterator;
}

}  // namespace gantry::definition

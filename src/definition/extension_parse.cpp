// use.extensions: tasks that run before and after other tasks. The lists are read once for each task that they apply
// to, so that each of their tasks has a place of its own in the instance.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "definition/workflow_reader.h"
#include "value/pointer.h"

namespace gantry::definition {
namespace {

// "composite" is the standard's word for what holds other tasks without a rule of its own.
bool extends_kind(std::string_view extends, std::string_view kind) {
  if (extends == "all" || extends == kind) return true;
  return extends == "composite" && (kind == "do" || kind == "fork");
}

}  // namespace

void WorkflowReader::read_extensions(const Node& node) {
  static const std::vector<std::string_view> kinds = {"call", "composite", "emit",   "for", "listen", "raise",
                                                      "run",  "set",       "switch", "try", "wait",   "all"};
  if (!node.is_array("a list of extensions")) return;
  std::set<std::string> names;
  for (const Node& item : node.items()) {
    if (!item.value().is_object() || item.value().size() != 1) {
      item.expected("one extension as 'name: {extend, before, after}'");
      continue;
    }
    Node each = item.members()[0];
    if (!names.insert(each.key()).second)
      each.key_problem(fmt::format("there is an extension '{}' already", each.key()));
    ObjectReader reader(each, fmt::format("extension '{}'", each.key()));
    auto extend = reader.require("extend");
    reader.find("when");
    const bool has_before = reader.find("before").has_value(), has_after = reader.find("after").has_value();
    if (reader.is_object() && !has_before && !has_after)
      each.key_problem(fmt::format("extension '{}' has neither 'before' nor 'after'", each.key()));
    auto index = extend ? read_choice_index(*extend, kinds) : std::nullopt;
    if (index) extensions_.push_back({each, std::string(kinds[*index])});
  }
}

void WorkflowReader::apply_extensions(Task& task, const std::string& kind, const Scope& scope) {
  task.in_extension = in_extension_;
  if (in_extension_) return;
  for (const ExtensionSource& source : extensions_)
    if (extends_kind(source.extends, kind))
      task.extensions.push_back(read_extension(source.node, scope.hiding_added(), task.reference + "/extensions"));
}

Extension WorkflowReader::read_extension(const Node& node, const Scope& scope, const std::string& reference) {
  Extension extension;
  extension.name = node.key();
  const std::string place = fmt::format("{}/{}", reference, pointer_token(extension.name));
  in_extension_ = true;
  if (node.value().find("when")) extension.when = read_expression(node.member("when"), without_input(scope));
  if (node.value().find("before")) extension.before = read_task_list(node.member("before"), scope, place + "/before");
  if (node.value().find("after")) extension.after = read_task_list(node.member("after"), scope, place + "/after");
  in_extension_ = false;
  return extension;
}

}  // namespace gantry::definition

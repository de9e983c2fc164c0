#include "engine/policy_change.h"

#include <algorithm>
#include <future>
#include <map>

#include "base/assert.h"
#include "gate/gate.h"
#include "value/json.h"
#include "value/yaml.h"

namespace gantry::engine {
namespace {

constexpr std::size_t changes_shown_max = 500;

constexpr const char* change_tool = R"(
tool: policy
version: 1.0.0
description: Changes the policies in force, by deploying a project.
driver: gantry-policy
operations:
  change:
    class: grant
    idempotency: key
    arguments:
      type: object
      required: [project, base, from, to, changes]
      properties:
        project: {type: string}
        base: {type: string}
        from: {type: string}
        to: {type: string}
        changes: {type: object}
)";

constexpr const char* change_workflow = R"(
document: {dsl: '1.0.3', namespace: gantry, name: policy-change, version: 1.0.0}
do:
  - change:
      call: policy.change
      with:
        project: ${ .project }
        base: ${ .base }
        from: ${ .from }
        to: ${ .to }
        changes: ${ .changes }
)";

class PolicyChangeDriver final : public tool::Driver {
 public:
  explicit PolicyChangeDriver(std::shared_ptr<Inbox> inbox) : inbox_(std::move(inbox)) {}

  std::vector<std::string> check(const definition::Tool&) const override { return {}; }

  tool::Outcome call(tool::Permit permit, const tool::CallContext&) override {
    const tool::Effect& effect = permit.effect();
    auto promise = std::make_shared<std::promise<Result<Value>>>();
    auto answer = promise->get_future();
    const ChangePolicy request{std::string(effect.arguments.string_or("project", "")),
                               std::string(effect.arguments.string_or("base", "")),
                               std::string(effect.arguments.string_or("from", "")), effect.instance, effect.id};
    if (auto posted = inbox_->post({request, std::move(promise)}); !posted.ok())
      return tool::Outcome::failed_with(tool::standard_error("runtime", posted.error().message));
    auto changed = answer.get();
    if (changed.ok()) return tool::Outcome::done_with(*std::move(changed));
    auto error = tool::standard_error("runtime", changed.error().message);
    // The journal did not take it, or perhaps did: sending it again is safe, and finds out.
    return changed.error().code == Code::unavailable ? tool::Outcome::ambiguous_with(std::move(error))
                                                     : tool::Outcome::failed_with(std::move(error));
  }

 private:
  std::shared_ptr<Inbox> inbox_;
};

// "policy/rule" -> its text, as the file has it; also "policy/budgets" and the like.
std::map<std::string, Value> parts_of(const definition::Project& project) {
  std::map<std::string, Value> parts;
  for (const auto& [name, policy] : project.policies) {
    const auto file = project.files.find(policy->path);
    if (file == project.files.end()) continue;
    auto parsed = parse_yaml(file->second);
    const auto* document = std::get_if<YamlDocument>(&parsed);
    if (document == nullptr || !document->root.is_object()) continue;
    for (const Member& member : document->root.members()) {
      if (member.key.view() != "rules" || !member.value.is_array()) {
        parts[name + ": " + std::string(member.key.view())] = member.value;
        continue;
      }
      for (const Value& rule : member.value.items()) parts[name + "/" + std::string(rule.string_or("id", ""))] = rule;
    }
    for (const definition::PolicyList& list : policy->lists) parts[name + ": list " + list.name] = list.records;
  }
  return parts;
}

class Names {
 public:
  void add(const std::string& name) {
    if (names_.size() < changes_shown_max)
      names_.emplace_back(name);
    else
      ++more_;
  }
  Value take() {
    if (more_ > 0) names_.emplace_back("and " + std::to_string(more_) + " more");
    return Value::array(std::move(names_));
  }

 private:
  std::vector<Value> names_;
  std::size_t more_ = 0;
};

}  // namespace

std::string governed_digest(const definition::Project& project) {
  std::vector<Member> others;
  for (const auto& [path, text] : project.files)
    if (!path.starts_with("workflows/") && !path.starts_with("decisions/") && !path.starts_with("policies/"))
      others.push_back({Text(path), Value(text)});
  return sha256(print_canonical(Value::object({{"policies", gate::policy_digest(project)},
                                               {"others", Value::object(std::move(others))}})))
      .hex();
}

bool changes_the_gate(const definition::Project& current, const definition::Project& next) {
  return governed_digest(current) != governed_digest(next);
}

definition::ProjectPointer policy_change_project() {
  static const definition::ProjectPointer project = [] {
    auto loaded = definition::load_project(
        {{"tools/policy.yaml", change_tool}, {"workflows/policy-change.yaml", change_workflow}});
    GANTRY_ASSERT(std::holds_alternative<definition::ProjectPointer>(loaded), "the built-in project has problems");
    return std::get<definition::ProjectPointer>(loaded);
  }();
  return project;
}

std::shared_ptr<tool::Driver> make_policy_change_driver(std::shared_ptr<Inbox> inbox) {
  return std::make_shared<PolicyChangeDriver>(std::move(inbox));
}

Value describe_change(const definition::Project& current, const definition::Project& next) {
  const auto before = parts_of(current), after = parts_of(next);
  Names added, removed, changed, files;
  for (const auto& [name, part] : after) {
    auto old = before.find(name);
    if (old == before.end())
      added.add(name);
    else if (print_canonical(old->second) != print_canonical(part))
      changed.add(name);
  }
  for (const auto& [name, part] : before)
    if (!after.contains(name)) removed.add(name);
  for (const auto& [path, text] : next.files) {
    auto old = current.files.find(path);
    if (old == current.files.end() || old->second != text) files.add(path);
  }
  for (const auto& [path, text] : current.files)
    if (!next.files.contains(path)) files.add(path + " (removed)");
  return Value::object({{"project", next.digest.hex()},
                        {"base", current.digest.hex()},
                        {"from", governed_digest(current)},
                        {"to", governed_digest(next)},
                        {"changes", Value::object({{"added", added.take()},
                                                   {"removed", removed.take()},
                                                   {"changed", changed.take()},
                                                   {"files", files.take()}})}});
}

}  // namespace gantry::engine

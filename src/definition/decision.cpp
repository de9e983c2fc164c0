#include "definition/decision.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "definition/closed_answer.h"
#include "definition/data_reader.h"
#include "definition/decision_cells.h"
#include "definition/decision_check.h"
#include "definition/parse.h"

namespace gantry::definition {
namespace {

constexpr std::array<Choice<HitPolicy>, 4> hit_policies = {{{"unique", HitPolicy::unique},
                                                            {"first", HitPolicy::first},
                                                            {"collect", HitPolicy::collect},
                                                            {"priority", HitPolicy::priority}}};
constexpr std::size_t decision_rules_max = 10'000;

class DecisionReader {
 public:
  DecisionReader(Decision& decision, const Node& root)
      : decision_(decision), reader_(root, "a decision"), scope_({"data"}) {}

  void read() {
    if (auto name = reader_.require("decision")) decision_.name = read_name(*name).value_or("");
    if (auto version = reader_.require("version")) decision_.version = read_version(*version).value_or("");
    decision_.question = reader_.required_text("question").value_or("");
    reader_.text("description");
    read_schemas();
    decision_.data = Value::object(std::vector<Member>{});
    if (auto data = reader_.find("data")) decision_.data = data->value();
    if (auto policy = reader_.find("hitPolicy"))
      decision_.hit_policy = read_choice<HitPolicy>(*policy, hit_policies).value_or(HitPolicy::unique);
    read_deciders();
    read_columns();
    if (auto fallback = reader_.find("default")) decision_.fallback = read_answer(*fallback, decision_.answer);
    read_rules();
  }

 private:
  void read_schemas() {
    if (auto input = reader_.find("input")) {
      decision_.input = read_schema(*input);
      decision_.input_schema = input->value();
    }
    auto answer = reader_.require("answer");
    if (!answer) return;
    decision_.answer = read_schema(*answer);
    decision_.answer_schema = answer->value();
    decision_.quarantined = reader_.boolean("quarantined").value_or(false);
    if (!decision_.quarantined) return;
    const auto millibits = answer_millibits(answer->value());
    if (millibits)
      decision_.answer_millibits = *millibits;
    else
      answer->problem("'quarantined' needs an answer that can't say more than one of a few things; " +
                      millibits.error().message);
  }

  void read_deciders() {
    auto node = reader_.find("deciders");
    if (!node) decision_.deciders = {Decider{}};
    if (!node || !node->is_array("a list of rules and {person: {roles}}")) return;
    if (node->value().size() == 0) node->problem("expected at least one decider");
    for (const Node& each : node->items()) read_decider(each);
  }

  void read_decider(const Node& node) {
    bool is_rules = node.value() == Value("rules");
    bool seen = std::any_of(decision_.deciders.begin(), decision_.deciders.end(),
                            [&](const Decider& d) { return (d.kind == Decider::Kind::rules) == is_rules; });
    if (seen && (is_rules || node.value().is_object())) node.problem("this decider is in the list already");
    if (is_rules) {
      decision_.deciders.push_back({});
      return;
    }
    if (!node.value().is_object()) {
      node.expected("rules or {person: {roles: [...]}}");
      return;
    }
    ObjectReader decider(node, "a decider");
    for (const char* kind : {"model", "agent"})
      decider.refuse(kind, fmt::format("the decider '{}' is not supported yet", kind));
    if (decider.has("model") || decider.has("agent")) return;
    Decider result;
    result.kind = Decider::Kind::person;
    if (auto person_node = decider.require("person")) {
      ObjectReader person(*person_node, "'person'");
      if (auto roles = person.require("roles")) {
        result.roles = roles->texts("a list of roles");
        if (roles->value().is_array() && result.roles.empty()) roles->problem("expected at least one role");
      }
    }
    decision_.deciders.push_back(std::move(result));
  }

  void read_columns() {
    auto node = reader_.find("inputs");
    if (!node) return;
    if (!node->value().is_object()) node->expected("an object of name: jq expression");
    for (const Node& each : node->members()) {
      auto expression = read_expression(each, scope_);
      decision_.columns.push_back({std::string(each.key()), expression.value_or(Expression{})});
    }
  }

  Template read_answer(const Node& node, const std::optional<Schema>& schema) {
    if (schema) check_literals(node, *schema);
    return read_template(node, scope_);
  }

  void read_rules() {
    bool by_rules = std::any_of(decision_.deciders.begin(), decision_.deciders.end(),
                                [](const Decider& d) { return d.kind == Decider::Kind::rules; });
    auto rules = reader_.find("rules");
    if (by_rules && !rules && !decision_.fallback && reader_.is_object())
      reader_.node().problem("rules decide, but 'rules' is missing");
    if (!rules || !rules->is_array("a list of rules")) return;
    if (!by_rules) rules->key_problem("the decision has rules, but 'rules' is not one of its deciders");
    if (rules->value().size() > decision_rules_max)
      rules->problem(fmt::format("more than {} rules", decision_rules_max));
    std::map<std::string, int> lines;
    std::size_t before = rules->file().problems().count();
    for (const Node& each : rules->items()) {
      decision_.rules.push_back(read_rule(each));
      const std::string& id = decision_.rules.back().id;
      auto [first, is_new] = lines.emplace(id, each.place().line);
      if (!is_new && !id.empty())
        each.problem(fmt::format("rule '{}' is there already, in line {}", id, first->second));
    }
    if (rules->file().problems().count() != before || !by_rules) return;
    check_overlaps(decision_, rules->file());
    check_gaps(decision_, *rules);
  }

  DecisionRule read_rule(const Node& node) {
    DecisionRule rule;
    rule.place = node.place();
    rule.cells.assign(decision_.columns.size(), Cell{AnyValue{}});
    ObjectReader reader(node, "a rule");
    if (auto id = reader.require("id")) rule.id = read_name(*id).value_or("");
    rule.description = reader.text("description").value_or("");
    if (auto match = reader.find("match")) read_cells(*match, rule);
    if (auto when = reader.find("when")) rule.when = read_expression(*when, scope_);
    if (auto priority = reader.find("priority")) {
      rule.priority = priority->integer(-1'000'000'000, 1'000'000'000).value_or(0);
      if (decision_.hit_policy != HitPolicy::priority)
        priority->key_problem("'priority' has a meaning only with 'hitPolicy: priority'");
    }
    auto answer = reader.require("answer");
    // With collect the answer schema is that of the list; its items are checked when the list is there.
    if (answer)
      rule.answer = read_answer(*answer, decision_.hit_policy == HitPolicy::collect ? std::nullopt : decision_.answer);
    return rule;
  }

  void read_cells(const Node& match, DecisionRule& rule) {
    if (!match.value().is_object()) match.expected("an object of column: cell");
    for (const Node& each : match.members()) {
      auto column = std::find_if(decision_.columns.begin(), decision_.columns.end(),
                                 [&](const InputColumn& c) { return c.name == each.key(); });
      if (column == decision_.columns.end()) {
        std::vector<std::string_view> names;
        for (const InputColumn& known : decision_.columns) names.push_back(known.name);
        each.key_problem(fmt::format("no column '{}' under 'inputs'{}", each.key(), suggestion(each.key(), names)));
        continue;
      }
      rule.cells[static_cast<std::size_t>(column - decision_.columns.begin())] = read_cell(each);
    }
  }

  Decision& decision_;
  ObjectReader reader_;
  Scope scope_;
};

}  // namespace

const char* name_of(HitPolicy policy) {
  return hit_policies[static_cast<std::size_t>(policy)].name.data();
}

std::shared_ptr<const Decision> parse_decision(const Node& root) {
  std::size_t before = root.file().problems().count();
  auto decision = std::make_shared<Decision>();
  decision->path = root.file().path();
  decision->digest = digest_of_value(root.value());
  DecisionReader(*decision, root).read();
  return root.file().problems().count() == before ? decision : nullptr;
}

}  // namespace gantry::definition

// Lists, budgets, duties, delegations and time windows.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "definition/policy_reader.h"
#include "value/csv.h"

namespace gantry::definition {
namespace {

constexpr std::size_t list_records_max = 100'000;
constexpr std::array<Choice<Budget::Scope>, 7> scopes = {{{"run", Budget::Scope::run},
                                                          {"instance", Budget::Scope::instance},
                                                          {"task", Budget::Scope::task},
                                                          {"agent", Budget::Scope::task},
                                                          {"workflow", Budget::Scope::workflow},
                                                          {"principal", Budget::Scope::principal},
                                                          {"all", Budget::Scope::all}}};

// The text of a file beside the policy's own.
std::optional<Value> read_list_file(const Node& node, const KnownDefinitions& known) {
  auto name = node.text("the path of a .csv file, beside the policy's");
  if (!name) return std::nullopt;
  const std::string& policy = node.file().path();
  const std::string path = policy.substr(0, policy.rfind('/') + 1) + *name;
  const auto found = known.files == nullptr ? decltype(known.files->find(path)){} : known.files->find(path);
  if (known.files == nullptr || found == known.files->end() || !path.ends_with(".csv")) {
    node.problem(fmt::format("there is no file {} in the project; expected a .csv file in 'policies'", path));
    return std::nullopt;
  }
  auto records = parse_csv(found->second);
  if (records) return *std::move(records);
  node.problem(fmt::format("{}:{}", path, records.error().message));
  return std::nullopt;
}

// The text under which a record is found; empty after a report.
std::string key_of(const Node& node, const Value& item, const std::string& key, std::size_t index) {
  const Value* value = key.empty() ? &item : item.find(key);
  if (value != nullptr && value->is_string() && value->size() > 0) return std::string(value->as_string());
  if (key.empty())
    node.problem(fmt::format("entry {}: expected text; a list of objects needs 'key'", index + 1));
  else
    node.problem(fmt::format("entry {}: expected text under '{}'", index + 1, key));
  return "";
}

Value records_by_key(const Node& node, const Value& items, const std::string& key) {
  std::map<std::string, Value> records;
  if (items.size() > list_records_max) node.problem(fmt::format("a list has at most {} entries", list_records_max));
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Value& item = *items.find(i);
    const std::string name = key_of(node, item, key, i);
    if (name.empty()) break;
    if (!records.emplace(name, key.empty() ? Value(true) : item).second) {
      node.problem(fmt::format("entry {}: \"{}\" is there already", i + 1, name));
      break;
    }
  }
  std::vector<Member> members;
  members.reserve(records.size());
  for (auto& [name, record] : records) members.push_back({Text(name), std::move(record)});
  return Value::object(std::move(members));
}

// "08:30" in minutes; 24:00 only as an end.
std::optional<std::chrono::minutes> read_time(const Node& node, bool is_end) {
  const auto text = node.text("a time such as \"08:30\"");
  if (!text) return std::nullopt;
  const auto digit = [&](std::size_t i) { return (*text)[i] >= '0' && (*text)[i] <= '9'; };
  if (text->size() == 5 && digit(0) && digit(1) && (*text)[2] == ':' && digit(3) && digit(4)) {
    const int hours = ((*text)[0] - '0') * 10 + (*text)[1] - '0', minutes = ((*text)[3] - '0') * 10 + (*text)[4] - '0';
    if (minutes < 60 && (hours < 24 || (is_end && hours == 24 && minutes == 0)))
      return std::chrono::minutes(hours * 60 + minutes);
  }
  node.problem(fmt::format("expected a time from 00:00 to {}, found \"{}\"", is_end ? "24:00" : "23:59", *text));
  return std::nullopt;
}

void read_days(const Node& node, TimeWindow& window) {
  static const std::vector<std::string_view> names = {"monday", "tuesday",  "wednesday", "thursday",
                                                      "friday", "saturday", "sunday"};
  if (!node.is_array("a list of days")) return;
  window.days.fill(false);
  if (node.value().size() == 0) node.problem("an empty list; leave 'days' out to mean every day");
  for (const Node& each : node.items())
    if (auto index = read_choice_index(each, names)) window.days[*index] = true;
}

void read_measure(ObjectReader& reader, Budget& budget) {
  const int measures = int(reader.has("sum")) + int(reader.has("count")) + int(reader.has("asks"));
  if (measures != 1 && reader.is_object())
    reader.node().problem("a budget has one of 'sum' (with 'max'), 'count' and 'asks'");
  if (auto sum = reader.find("sum")) {
    budget.measure = Budget::Measure::sum;
    budget.sum = read_rule_condition(*sum);
  }
  const auto whole = [&](std::string_view key, Budget::Measure measure) {
    if (!reader.has(key)) return;
    budget.measure = measure;
    budget.max = static_cast<double>(reader.integer(key, 0, 1'000'000'000).value_or(0));
  };
  whole("count", Budget::Measure::count);
  whole("asks", Budget::Measure::asks);
  auto max = budget.sum || reader.has("sum") ? reader.require("max") : reader.find("max");
  if (!max) return;
  if (!reader.has("sum")) max->key_problem("'max' belongs to 'sum'");
  if (!max->value().is_number() || !(max->value().as_number() >= 0) || !std::isfinite(max->value().as_number()))
    max->expected("a number of at least 0");
  else
    budget.max = max->value().as_number();
}

}  // namespace

std::optional<Timestamp> read_timestamp(const Node& node) {
  const auto text = node.text("a time such as 2026-12-31T18:00:00Z");
  if (!text) return std::nullopt;
  auto at = parse_timestamp(*text);
  if (at) return *at;
  node.problem(at.error().message);
  return std::nullopt;
}

std::optional<PolicyList> read_policy_list(const Node& node, const KnownDefinitions& known) {
  PolicyList list;
  list.place = node.key_place();
  list.name = node.key();
  const Value name{list.name};
  read_name(Node(name, node.pointer(), node.file()));
  ObjectReader reader(node, "a list");
  auto file = reader.find("file");
  auto values = reader.find("values");
  if (auto key = reader.find("key"))
    list.key = key->text("the name of the column, or member, that is the key").value_or("");
  if (!reader.is_object()) return std::nullopt;
  if (file.has_value() == values.has_value()) {
    node.problem("a list has either 'file' or 'values'");
    return std::nullopt;
  }
  if (file && list.key.empty()) {
    node.problem("a list from a file needs 'key', the name of the column by which records are found");
    return std::nullopt;
  }
  if (values && !values->is_array("a list of texts or objects")) return std::nullopt;
  auto items = file ? read_list_file(*file, known) : std::optional<Value>(values->value());
  if (!items) return std::nullopt;
  list.records = records_by_key(file ? *file : *values, *items, list.key);
  return list;
}

std::optional<TimeWindow> read_time_window(const Node& node) {
  TimeWindow window;
  ObjectReader reader(node, "a time window");
  if (auto days = reader.find("days")) read_days(*days, window);
  if (auto from = reader.find("from")) window.from = read_time(*from, false).value_or(window.from);
  if (auto to = reader.find("to")) window.to = read_time(*to, true).value_or(window.to);
  if (auto zone = reader.find("timezone")) {
    const auto name = zone->text("the name of a time zone");
    auto found = name ? TimeZone::find(*name) : Result<TimeZone>(TimeZone());
    if (!found) zone->problem(found.error().message);
    if (found) window.zone = *found;
  }
  if (auto since = reader.find("since")) window.since = read_timestamp(*since);
  if (auto until = reader.find("until")) window.until = read_timestamp(*until);
  if (window.from == window.to) node.problem("'from' and 'to' are the same: the window is never open");
  if (window.since && window.until && *window.since >= *window.until)
    node.problem("'until' is not after 'since': the window is never open");
  return window;
}

bool is_within(const TimeWindow& window, Timestamp now) {
  if (window.since && now < *window.since) return false;
  if (window.until && now >= *window.until) return false;
  const auto local = window.zone.local(now);
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const Duration time = local - day;
  // 1970-01-01 was a Thursday, the fourth day from Monday.
  const auto weekday = [](std::chrono::local_days at) {
    return static_cast<std::size_t>(((at.time_since_epoch().count() + 3) % 7 + 7) % 7);
  };
  const bool today = window.days[weekday(day)], yesterday = window.days[weekday(day - std::chrono::days(1))];
  if (window.from < window.to) return today && time >= window.from && time < window.to;
  return (today && time >= window.from) || (yesterday && time < window.to);
}

Budget read_budget(const Node& node, const KnownDefinitions& known) {
  Budget budget;
  budget.place = node.place();
  ObjectReader reader(node, "a budget");
  if (auto id = reader.require("id")) budget.id = read_name(*id).value_or("");
  reader.text("description");
  budget.reason = reader.text("reason").value_or("");
  if (auto scope = reader.require("scope"))
    budget.scope = read_choice<Budget::Scope>(*scope, scopes).value_or(Budget::Scope::run);
  if (auto per = reader.find("per"))
    budget.per = read_fixed_duration(*per, std::chrono::seconds(1), std::chrono::hours(24 * 366));
  budget.tools = read_tool_patterns(reader, known);
  budget.classes = read_effect_classes(reader);
  read_measure(reader, budget);
  static constexpr std::array<Choice<VerdictKind>, 2> over_choices = {
      {{"approve", VerdictKind::approve}, {"deny", VerdictKind::deny}}};
  if (auto over = reader.find("over")) {
    budget.over = read_choice<VerdictKind>(*over, over_choices).value_or(VerdictKind::deny);
    if (budget.measure == Budget::Measure::asks && budget.over == VerdictKind::approve)
      over->problem("a budget of asks can't ask: expected deny");
  }
  if (auto approvers = budget.over == VerdictKind::approve ? reader.require("approvers") : reader.find("approvers")) {
    budget.approvers = read_approvers(*approvers);
    if (budget.over == VerdictKind::deny) approvers->key_problem("'approvers' has a meaning only with 'over: approve'");
  }
  budget.requester_excluded = reader.boolean("requesterExcluded").value_or(true);
  if (auto expires = reader.find("expires"))
    budget.expires = read_fixed_duration(*expires, approval_expires_min, approval_expires_max).value_or(budget.expires);
  return budget;
}

Duty read_duty(const Node& node, const std::vector<PolicyRule>& rules) {
  Duty duty;
  duty.place = node.place();
  ObjectReader reader(node, "a duty");
  reader.text("description");
  if (auto approve = reader.require("approve")) {
    if (approve->value().is_string())
      duty.rules = {std::string(approve->value().as_string())};
    else
      duty.rules = approve->texts("the id of a rule, or a list of them");
    std::vector<std::string_view> ids;
    for (const PolicyRule& rule : rules)
      if (rule.can_approve()) ids.push_back(rule.id);
    for (const std::string& id : duty.rules)
      if (std::find(ids.begin(), ids.end(), id) == ids.end())
        approve->problem(fmt::format("no rule '{}' of this policy asks for an approval{}", id, suggestion(id, ids)));
  }
  if (auto by = reader.find("by")) {
    if (by->value().is_object()) {
      const Value list = Value::array({by->value()});
      duty.by = read_approvers(Node(list, by->pointer(), by->file()));
    } else {
      duty.by = read_approvers(*by);
    }
  }
  if (auto excluded = reader.find("not"); excluded && excluded->is_array("a list")) {
    for (const Node& each : excluded->items()) {
      const auto index = read_choice_index(each, {"requester", "author_of_workflow"});
      duty.not_requester = duty.not_requester || index == 0u;
      duty.not_author = duty.not_author || index == 1u;
    }
  }
  duty.four_eyes = reader.boolean("fourEyes").value_or(false);
  return duty;
}

Delegation read_delegation(const Node& node) {
  Delegation delegation;
  ObjectReader reader(node, "a delegation");
  delegation.from = reader.required_text("from").value_or("");
  delegation.to = reader.required_text("to").value_or("");
  if (auto role = reader.require("role")) delegation.role = read_name(*role).value_or("");
  if (auto since = reader.require("since")) delegation.since = read_timestamp(*since).value_or(Timestamp{});
  if (auto until = reader.require("until")) delegation.until = read_timestamp(*until).value_or(Timestamp{});
  delegation.reason = reader.text("reason").value_or("");
  if (reader.is_object() && delegation.until <= delegation.since && reader.has("since") && reader.has("until"))
    node.problem("'until' is not after 'since'");
  if (!delegation.from.empty() && delegation.from == delegation.to) node.problem("nobody delegates to themselves");
  return delegation;
}

const char* name_of(Budget::Scope scope) {
  for (const auto& choice : scopes)
    if (choice.value == scope) return choice.name.data();
  return "run";
}

}  // namespace gantry::definition

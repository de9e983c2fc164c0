#include <fmt/format.h>

#include <array>
#include <memory>

#include "definition/parse.h"

namespace gantry::definition {
namespace {

constexpr std::int64_t workers_max = 1'024;
constexpr std::int64_t workflow_depth_max = 50;  // each level makes the ids of instances longer

void apply_store(const Node& node, Settings& settings) {
  auto store = node.text();
  if (!store) return;
  if (store->rfind("sqlite:", 0) == 0 && store->size() > 7)
    settings.store = *store;
  else if (store->rfind("postgres", 0) == 0)
    node.problem("PostgreSQL is not supported yet; expected sqlite:PATH");
  else
    node.expected("sqlite:PATH");
}

void apply_listen(const Node& node, Settings& settings) {
  auto listen = node.text("ADDRESS:PORT");
  if (!listen) return;
  std::size_t colon = listen->rfind(':');
  std::string port = colon == std::string::npos ? "" : listen->substr(colon + 1);
  bool valid = colon != std::string::npos && colon > 0 && !port.empty() && port.size() <= 5 &&
               port.find_first_not_of("0123456789") == std::string::npos && std::stoi(port) <= 65535;
  if (valid)
    settings.listen = *listen;
  else
    node.expected("ADDRESS:PORT such as 127.0.0.1:8420");
}

// What an entry may be is the HTTP driver's: ProjectChecks::egress_entry.
void apply_egress_allow(const Node& node, Settings& settings) {
  settings.egress_allow = node.texts("a list of hosts or scheme://host:port");
}

void apply_secrets(const Node& node, Settings& settings) {
  if (!node.value().is_object()) node.expected("an object of name: file");
  for (const Node& each : node.members())
    if (auto file = each.text("the path of a file")) settings.secret_files[std::string(each.key())] = *file;
}

void apply_workers(const Node& node, Settings& settings) {
  if (auto workers = node.integer(1, workers_max)) settings.workers = static_cast<std::size_t>(*workers);
}

void apply_workflow_depth(const Node& node, Settings& settings) {
  if (auto depth = node.integer(1, workflow_depth_max)) settings.workflow_depth = static_cast<std::size_t>(*depth);
}

void apply_lifecycle(const Node& node, Settings& settings) {
  static constexpr std::array<Choice<bool Settings::*>, 3> kinds = {{{"workflow", &Settings::record_workflow_events},
                                                                     {"task", &Settings::record_task_events},
                                                                     {"status", &Settings::record_status_events}}};
  if (!node.is_array("a list of workflow, task, status")) return;
  for (const Node& each : node.items())
    if (auto kind = read_choice<bool Settings::*>(each, kinds)) settings.*(*kind) = true;
}

struct SettingRow {
  SettingDescription description;
  void (*apply)(const Node& node, Settings& settings);
};

constexpr std::array<SettingRow, 7> setting_rows = {{
    {{"store", "sqlite:PATH", "sqlite:.gantry/gantry.db",
      "Where instances are kept; a relative path starts at the project directory."},
     apply_store},
    {{"listen", "ADDRESS:PORT", "127.0.0.1:8420", "Where the server listens."}, apply_listen},
    {{"egress.allow", "list of text", "[]",
      "Hosts, scheme://host:port, *.suffix or address ranges that HTTP calls may reach; all others are refused."},
     apply_egress_allow},
    {{"secrets", "object of name: file", "{}",
      "The file that holds each secret; a relative path starts at the project directory."},
     apply_secrets},
    {{"workers", "1 to 1024", "16", "Effects in flight at most."}, apply_workers},
    {{"workflowDepth", "1 to 50", "32", "How deep workflows may run each other (`run.workflow`)."},
     apply_workflow_depth},
    {{"lifecycle", "list of workflow, task, status", "[]",
      "Lifecycle events that are kept in the journal, whoever listens for them."},
     apply_lifecycle},
}};

}  // namespace

std::vector<SettingDescription> setting_descriptions() {
  std::vector<SettingDescription> result;
  for (const SettingRow& row : setting_rows) result.push_back(row.description);
  return result;
}

Settings parse_settings(const Node& root) {
  Settings settings;
  ObjectReader reader(root, "the settings");
  std::map<std::string, std::unique_ptr<ObjectReader>, std::less<>> groups;  // "egress" -> its reader
  for (const SettingRow& row : setting_rows) {
    std::string_view key = row.description.key;
    std::size_t dot = key.find('.');
    if (dot == std::string_view::npos) {
      if (auto node = reader.find(key)) row.apply(*node, settings);
      continue;
    }
    std::string_view group = key.substr(0, dot);
    auto node = reader.find(group);
    if (!node) continue;
    auto& group_reader = groups[std::string(group)];
    if (!group_reader) group_reader = std::make_unique<ObjectReader>(*node, fmt::format("'{}'", group));
    if (auto value = group_reader->find(key.substr(dot + 1))) row.apply(*value, settings);
  }
  return settings;
}

}  // namespace gantry::definition

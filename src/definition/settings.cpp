#include <fmt/format.h>

#include <array>
#include <memory>

#include "definition/parse.h"

namespace gantry::definition {
namespace {

constexpr std::int64_t workers_max = 1'024;
constexpr std::int64_t checkpoint_events_max = 1'000'000;
constexpr std::int64_t quarantine_bits_max = 10'000;
constexpr std::int64_t workflow_depth_max = 50;  // each level makes the ids of instances longer

// "//USER:PASSWORD@" or "password=": also where the rest of the URL is wrong.
bool holds_password(const std::string& url) {
  const std::size_t start = url.find("//") + 2, at = url.find('@', start);
  return (at != std::string::npos && url.find(':', start) < at) || url.find("password=") != std::string::npos;
}

void apply_store(const Node& node, Settings& settings) {
  auto store = node.text();
  if (!store) return;
  const bool is_postgres = store->starts_with("postgres://") || store->starts_with("postgresql://");
  if (is_postgres && holds_password(*store))
    node.problem("a password has no place in gantry.yaml, which is deployed and kept; give it with PGPASSFILE or PGPASSWORD");
  else if (is_postgres || (store->starts_with("sqlite:") && store->size() > 7))
    settings.store = *store;
  else
    node.expected("sqlite:PATH or postgres://USER@HOST/DATABASE");
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
  settings.secrets = read_secrets(node);
}

void apply_workers(const Node& node, Settings& settings) {
  if (auto workers = node.integer(1, workers_max)) settings.workers = static_cast<std::size_t>(*workers);
}

void apply_workflow_depth(const Node& node, Settings& settings) {
  if (auto depth = node.integer(1, workflow_depth_max)) settings.workflow_depth = static_cast<std::size_t>(*depth);
}

void apply_audit_key_file(const Node& node, Settings& settings) {
  // Empty is the default here, so Node::text won't do.
  if (node.value().is_string())
    settings.audit_key_file = node.value().as_string();
  else
    node.expected("the path of a file");
}

void apply_audit_checkpoint_events(const Node& node, Settings& settings) {
  if (auto events = node.integer(1, checkpoint_events_max))
    settings.audit_checkpoint_events = static_cast<std::size_t>(*events);
}

void apply_audit_checkpoint_interval(const Node& node, Settings& settings) {
  auto text = node.text("an ISO 8601 duration such as PT10M");
  if (!text) return;
  auto interval = parse_duration(*text);
  if (interval && *interval > Duration::zero())
    settings.audit_checkpoint_interval = *interval;
  else
    node.expected("a positive ISO 8601 duration such as PT10M");
}

// Empty: not given, or a problem that was reported. The inner none is "forever".
std::optional<std::optional<Duration>> retention_of(const Node& node) {
  auto text = node.text("an ISO 8601 duration such as P90D, or forever");
  if (!text) return std::nullopt;
  if (*text == "forever") return std::optional<Duration>();
  auto kept = parse_duration(*text);
  if (kept && *kept >= Duration::zero()) return std::optional<Duration>(*kept);
  node.expected("an ISO 8601 duration such as P90D, or forever");
  return std::nullopt;
}

void apply_retention_instances(const Node& node, Settings& settings) {
  if (auto kept = retention_of(node)) settings.retention_instances = *kept;
}

void apply_retention_workflows(const Node& node, Settings& settings) {
  if (!node.value().is_object()) node.expected("an object of NAMESPACE/NAME: duration");
  for (const Node& each : node.members()) {
    if (each.key().find('/') == std::string_view::npos) {
      each.problem("a workflow is named NAMESPACE/NAME");
      continue;
    }
    if (auto kept = retention_of(each)) settings.retention_workflows[std::string(each.key())] = *kept;
  }
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

void apply_quarantine_bits(const Node& node, Settings& settings) {
  if (auto bits = node.integer(0, quarantine_bits_max)) settings.quarantine_bits = static_cast<std::size_t>(*bits);
}

constexpr std::array<SettingRow, 13> setting_rows = {{
    {{"store", "sqlite:PATH or postgres://USER@HOST/DATABASE", "sqlite:.gantry/gantry.db",
      "Where instances are kept (`reference/store.md`); a relative path starts at the project directory."},
     apply_store},
    {{"listen", "ADDRESS:PORT", "127.0.0.1:8420", "Where the server listens."}, apply_listen},
    {{"egress.allow", "list of text", "[]",
      "Hosts, scheme://host:port, *.suffix or address ranges that HTTP calls may reach; all others are refused."},
     apply_egress_allow},
    {{"secrets", "object of name: file or object", "{}",
      "Where each secret is kept, and where it may go (`reference/secrets.md`); a relative path starts at the project "
      "directory."},
     apply_secrets},
    {{"workers", "1 to 1024", "16", "Effects in flight at most."}, apply_workers},
    {{"workflowDepth", "1 to 50", "32", "How deep workflows may run each other (`run.workflow`)."},
     apply_workflow_depth},
    {{"audit.keyFile", "path", "''",
      "The Ed25519 key (PEM) that signs the audit chain, made on first use; empty: the store's path with .key; on PostgreSQL nothing is signed then."},
     apply_audit_key_file},
    {{"audit.checkpointEvents", "1 to 1000000", "4096", "Events after which the audit chain is signed again."},
     apply_audit_checkpoint_events},
    {{"audit.checkpointInterval", "ISO 8601 duration", "PT10M", "Time after which it is signed again."},
     apply_audit_checkpoint_interval},
    {{"retention.instances", "ISO 8601 duration or forever", "forever",
      "How long instances are kept after their end; the server removes older ones, but for those under a legal hold."},
     apply_retention_instances},
    {{"retention.workflows", "object of NAMESPACE/NAME: duration", "{}",
      "The same for single workflows, instead of retention.instances."},
     apply_retention_workflows},
    {{"quarantineBits", "0 to 10000", "16",
      "How many bits about untrusted data `quarantined` decisions may tell one run in all."},
     apply_quarantine_bits},
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

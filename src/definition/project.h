// All definitions of one project directory, loaded and checked together, immutable. An instance is pinned to the
// Project it started under (by digest); policies alone are always those of the newest deployed Project.
//
//   gantry.yaml                 settings (optional)
//   workflows/*.yaml  policies/*.yaml  decisions/*.yaml  tools/*.yaml  (.yml and .json too; sub-folders are searched)
//   openapi/*.yaml              OpenAPI documents of other systems, for `call: openapi`
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "definition/decision.h"
#include "definition/policy_set.h"
#include "definition/problem.h"
#include "definition/secret.h"

namespace gantry::definition {

// gantry.yaml. Unknown keys are refused. The table of keys, types, defaults and sentences is in settings.cpp.
struct Settings {
  std::string store = "sqlite:.gantry/gantry.db";  // relative to the project directory
  std::string listen = "127.0.0.1:8420";
  std::vector<std::string> egress_allow;            // what the http driver may reach: docs/reference/http.md
  SecretReferences secrets;                         // by name; files relative to the project directory
  std::size_t workers = 16;                         // effects in flight at most
  std::size_t workflow_depth = 32;                  // workflows that run each other
  std::string audit_key_file;                       // empty: beside the store, its name with ".key"
  std::size_t audit_checkpoint_events = 4096;       // a checkpoint of the audit chain is signed after so many events,
  Duration audit_checkpoint_interval = std::chrono::minutes(10);  // or after this time
  std::optional<Duration> retention_instances;          // how long ended instances are kept; none: for ever
  std::map<std::string, std::optional<Duration>> retention_workflows;  // "namespace/name", instead of the above
  std::size_t quarantine_bits = 16;                 // what quarantined answers may tell one run in all
  bool record_workflow_events = false, record_task_events = false, record_status_events = false;  // lifecycle
};

// One row of the table of settings, for help texts and documentation.
struct SettingDescription {
  const char* key;  // with dots between levels: "egress.allow"
  const char* type;
  const char* default_value;
  const char* sentence;
};
std::vector<SettingDescription> setting_descriptions();

// The source of a Project: relative path -> text. What `deploy` sends and the store keeps.
using SourceFiles = std::map<std::string, std::string>;

struct Project {
  Digest digest;  // of the canonical JSON of `files`
  SourceFiles files;
  Settings settings;
  std::map<WorkflowName, std::shared_ptr<const Workflow>> workflows;
  std::map<std::string, std::shared_ptr<const Decision>> decisions;
  std::map<std::string, std::shared_ptr<const Tool>, std::less<>> tools;
  std::map<std::string, std::shared_ptr<const Policy>> policies;
  std::shared_ptr<const PolicySet> policy_set;                  // of `policies`; null in a project that was not loaded
  std::map<std::string, Value, std::less<>> openapi_documents;  // by path: "openapi/pets.yaml"
  Problems warnings;                                            // sorted by path and place

  // The exact version, or with "" or "latest" the highest semantic version; null when there is none.
  std::shared_ptr<const Workflow> find_workflow(std::string_view namespace_, std::string_view name,
                                                std::string_view version = "") const;
  const Operation* find_operation(std::string_view tool, std::string_view operation) const;
};
using ProjectPointer = std::shared_ptr<const Project>;

// What a project may hold at most.
inline constexpr std::size_t project_files_max = 1'000;
inline constexpr std::size_t project_file_bytes_max = 1u << 20;
inline constexpr std::size_t project_bytes_max = 16u << 20;

// What only modules above can say about definitions: a tool's own part is its driver's, an egress entry the HTTP
// driver's. An empty function checks nothing: what the store keeps was checked when it was deployed. Any thread.
struct ProjectChecks {
  struct Finding {
    std::string pointer;  // JSON pointer into the tool's file; need not exist (a key that is missing)
    std::string message;
  };
  std::function<std::vector<Finding>(const Tool& tool)> tool;
  std::function<std::string(std::string_view entry)> egress_entry;  // what is wrong with it; empty when fine
  // Of `call: http` and `call: mcp`, where they are written out: what is wrong with the URI, and with a header; empty
  // when fine.
  std::function<std::string(std::string_view uri)> http_uri;
  std::function<std::string(std::string_view name, const Value& value)> http_header;
};

// Reads the directory (not following links out of it); io problems are Problems too.
std::variant<SourceFiles, Problems> read_project_files(const std::string& directory);
// Parses and checks everything together. All problems are reported, sorted by path and line, warnings among them; a
// Project only if there are no errors.
std::variant<ProjectPointer, Problems> load_project(SourceFiles files, const ProjectChecks& checks = {});
// One workflow file on its own, as `gantry run FILE` without a project: no tools, and the built-in policy
// `reads-only` (class read and egress_read allowed, all else denied). The project's `files` hold both as a project
// would, so that load_project(files) gives the same again; problems and Workflow::path name `path`.
std::variant<ProjectPointer, Problems> load_single_workflow(const std::string& path, std::string text,
                                                           const ProjectChecks& checks = {});

}  // namespace gantry::definition

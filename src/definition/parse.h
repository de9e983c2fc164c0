// From a parsed file to one definition. Every problem goes to the file's sink; a definition comes back only when the
// file has none. Used by load_project.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "definition/decision.h"
#include "definition/project.h"
#include "definition/reader.h"

namespace gantry::definition {

// What a workflow or policy may refer to. A name whose file has problems is only in `declared`: references to it are
// not reported as well.
struct KnownDefinitions {
  std::map<std::string, std::shared_ptr<const Tool>, std::less<>> tools;
  std::map<std::string, std::shared_ptr<const Decision>> decisions;
  std::set<std::string, std::less<>> declared_tools, declared_decisions;
  // Files under openapi/, by path; `declared_openapi` has the broken ones, too.
  std::map<std::string, Value, std::less<>> openapi_documents;
  std::set<std::string, std::less<>> declared_openapi;
  // The names under `secrets` in gantry.yaml; absent when there is no such file, or it has problems.
  std::optional<std::set<std::string, std::less<>>> secrets;
  const ProjectChecks* checks = nullptr;                        // what modules above say about calls
  const SourceFiles* files = nullptr;                           // of the project, for the lists of policies
  bool tools_unreadable = false, decisions_unreadable = false;  // a file of the kind is no YAML: any name may be in it
};

// run.workflow: checked when all workflows are known.
struct WorkflowReference {
  std::string path;
  SourcePlace place;
  WorkflowName name;
  std::optional<Node> input;  // as written, where it is
};

std::shared_ptr<const Tool> parse_tool(const Node& root);
std::shared_ptr<const Policy> parse_policy(const Node& root, const KnownDefinitions& known);
std::shared_ptr<const Decision> parse_decision(const Node& root);
std::shared_ptr<const Workflow> parse_workflow(const Node& root, const KnownDefinitions& known,
                                               std::vector<WorkflowReference>& references);
Settings parse_settings(const Node& root);
SecretReferences read_secrets(const Node& node);
// Each tool that a secret is bound to exists. `node`: what stands under `secrets`.
void check_secret_tools(const Node& node, const KnownDefinitions& known);

// The name that the file declares, as far as it can be read; empty otherwise.
WorkflowName declared_workflow(const Value& root);

Digest digest_of_value(const Value& value);  // SHA-256 of the canonical JSON

// Reports a tool that no file declares; does nothing for one that a file does.
void report_unknown_tool(const Node& node, std::string_view tool, const KnownDefinitions& known);
// "tos.reslot" names an operation of a known tool; reported otherwise, unless the tool is declared in a broken file.
// Returns the operation where it is known.
const Operation* find_known_operation(const Node& node, std::string_view tool, std::string_view operation,
                                      const KnownDefinitions& known);

}  // namespace gantry::definition

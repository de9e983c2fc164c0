#include "definition/project.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>

#include "definition/data_reader.h"
#include "definition/endless_runs.h"
#include "definition/openapi.h"
#include "definition/parse.h"
#include "definition/project_files.h"
#include "definition/version.h"
#include "value/json.h"
#include "value/yaml.h"

namespace gantry::definition {
namespace {

constexpr std::string_view reads_only_policy = R"(policy: reads-only
version: 1.0.0
rules:
  - id: reads
    classes: [read, egress_read]
    verdict: allow
    reason: A single file without a project may read, and nothing else.
)";

// The key by which a definition of the kind starts; what stands under it.
std::string_view name_key(FileKind kind) {
  switch (kind) {
    case FileKind::workflow:
      return "document";
    case FileKind::policy:
      return "policy";
    case FileKind::decision:
      return "decision";
    case FileKind::tool:
      return "tool";
    case FileKind::settings:
    case FileKind::openapi:
    case FileKind::list:
      return "";
  }
  return "";
}

// Only blanks and comments.
bool is_blank_text(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    std::size_t first = line.find_first_not_of(" \t\r");
    if (first != std::string_view::npos && line[first] != '#') return false;
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return true;
}

struct ParsedFile {
  FileKind kind;
  YamlDocument document;
  SourceFile source;
  Node root() const { return {document.root, "", source}; }
};

// Parses all files of a project and checks them together: tools first, then decisions, policies, workflows, each
// against what came before.
class ProjectLoader {
 public:
  // `shown`: path -> the path that problems name instead.
  ProjectLoader(SourceFiles files, const ProjectChecks& checks, std::map<std::string, std::string> shown)
      : checks_(checks), shown_(std::move(shown)) {
    project_->files = std::move(files);
    known_.checks = &checks_;
  }

  std::variant<ProjectPointer, Problems> load() {
    if (check_limits()) {
      parse_files();
      load_settings();
      load_openapi_documents();
      load_tools();
      load_decisions();
      load_policies();
      load_workflows();
      check_references();
    }
    if (problems_.count() > 0) return problems_.take();
    project_->warnings = problems_.take();
    project_->digest = digest_of_files();
    return ProjectPointer(std::move(project_));
  }

 private:
  std::string shown_path(const std::string& path) const {
    auto found = shown_.find(path);
    return found == shown_.end() ? path : found->second;
  }

  bool check_limits() {
    std::size_t total = 0;
    for (const auto& [path, text] : project_->files) {
      total += text.size();
      if (text.size() > project_file_bytes_max)
        problems_.add({shown_path(path),
                       {},
                       fmt::format("{} bytes; a file has at most {}", text.size(), project_file_bytes_max)});
    }
    if (project_->files.size() > project_files_max || total > project_bytes_max)
      problems_.add({"gantry.yaml",
                     {},
                     fmt::format("{} files with {} bytes; a project has at most {} files and {} bytes together",
                                 project_->files.size(), total, project_files_max, project_bytes_max)});
    return problems_.count() == 0;
  }

  void parse_files() {
    for (const auto& [path, text] : project_->files) {
      auto kind = file_kind(path);
      if (!kind) {
        problems_.add({path,
                       {},
                       "not a file of a project; expected gantry.yaml, or a .yaml, .yml or .json file in workflows, "
                       "policies, decisions, tools or openapi, or a .csv file in policies"});
        continue;
      }
      if (*kind == FileKind::list) continue;                             // read by the policy that names it
      if (*kind == FileKind::settings && is_blank_text(text)) continue;  // no settings, all commented out
      auto parsed = parse_yaml(text);
      if (auto* error = std::get_if<YamlError>(&parsed)) {
        problems_.add({shown_path(path), error->place, error->message});
        note_unreadable(*kind);
        continue;
      }
      YamlDocument document = std::get<YamlDocument>(std::move(parsed));
      SourceFile source(shown_path(path), text, std::move(document.source), problems_);
      files_.push_back({*kind, std::move(document), std::move(source)});
    }
  }

  // What such a file defines is unknown, so that no name of its kind can be called unknown.
  void note_unreadable(FileKind kind) {
    known_.tools_unreadable = known_.tools_unreadable || kind == FileKind::tool;
    known_.decisions_unreadable = known_.decisions_unreadable || kind == FileKind::decision;
    workflows_unreadable_ = workflows_unreadable_ || kind == FileKind::workflow;
  }

  // The files of one kind that look like it.
  std::vector<const ParsedFile*> files_of(FileKind kind) {
    std::vector<const ParsedFile*> result;
    for (const ParsedFile& file : files_) {
      if (file.kind != kind) continue;
      if (kind == FileKind::settings || kind == FileKind::openapi || !is_misplaced(file)) result.push_back(&file);
    }
    return result;
  }

  bool is_misplaced(const ParsedFile& file) {
    if (file.document.root.find(name_key(file.kind))) return false;
    for (FileKind other : {FileKind::workflow, FileKind::policy, FileKind::decision, FileKind::tool}) {
      if (!file.document.root.find(name_key(other))) continue;
      file.root().problem(fmt::format("this is a {}, in a folder for others; it belongs into '{}'",
                                      other == FileKind::workflow ? "workflow" : name_key(other), folder_of(other)));
      return true;
    }
    return false;
  }

  // Remembers the name; reports when another file has it already.
  bool declare(const ParsedFile& file, const std::string& what, const std::string& name) {
    Node place = file.root().member(name_key(file.kind));
    auto [first, is_new] =
        declared_.emplace(what + " " + name, fmt::format("{}:{}", file.source.path(), place.place().line));
    if (!is_new) place.problem(fmt::format("{} '{}' is defined already, in {}", what, name, first->second));
    return is_new;
  }

  // The lists of all policies are one name space: conditions see them as one object.
  void declare_list(const ParsedFile& file, const PolicyList& list) {
    auto [first, is_new] =
        declared_.emplace("list " + list.name, fmt::format("{}:{}", file.source.path(), list.place.line));
    if (!is_new)
      file.source.problem(list.place, fmt::format("list '{}' is defined already, in {}", list.name, first->second));
  }

  std::string declared_name(const ParsedFile& file) const {
    return file.document.root.is_object() ? std::string(file.document.root.string_or(name_key(file.kind), "")) : "";
  }

  void load_settings() {
    const ParsedFile* first = nullptr;
    for (const ParsedFile* file : files_of(FileKind::settings)) {
      if (first)
        file->root().problem("the settings are in " + first->source.path() + " already");
      else if (!file->document.root.is_null())
        load_settings(file->root());
      first = file;
    }
    if (first == nullptr || problems_.count() > 0) return;
    known_.secrets.emplace();
    for (const auto& [name, unused] : project_->settings.secrets) known_.secrets->insert(name);
  }

  void load_openapi_documents() {
    for (const auto& [path, text] : project_->files)
      if (file_kind(path) == FileKind::openapi) known_.declared_openapi.insert(path);
    for (const ParsedFile* file : files_of(FileKind::openapi)) {
      auto document = read_openapi_document(file->document.root);
      if (document)
        known_.openapi_documents.emplace(file->source.path(), *std::move(document));
      else
        file->root().problem(document.error().message);
    }
    project_->openapi_documents = known_.openapi_documents;
  }

  void load_settings(const Node& root) {
    project_->settings = parse_settings(root);
    const Value* egress = root.value().find("egress");
    const Value* allow = egress ? egress->find("allow") : nullptr;
    if (!allow || !checks_.egress_entry) return;
    for (const Node& each : root.member("egress").member("allow").items()) {
      if (!each.value().is_string()) continue;  // reported already
      if (std::string message = checks_.egress_entry(each.value().as_string()); !message.empty()) each.problem(message);
    }
  }

  // What the tool's driver says of its settings and bindings.
  void check_with_driver(const ParsedFile& file, const Tool& tool) {
    if (!checks_.tool) return;
    if (tool.name == "policy")
      file.root().member("tool").problem("a tool can't be called 'policy': policy.change is Gantry's own");
    for (const ProjectChecks::Finding& finding : checks_.tool(tool))
      file.source.problem(file.source.value_place(finding.pointer), finding.message);
  }

  void load_tools() {
    auto files = files_of(FileKind::tool);
    for (const ParsedFile* file : files) known_.declared_tools.insert(declared_name(*file));
    known_.declared_tools.erase("");
    for (const ParsedFile* file : files) {
      auto tool = parse_tool(file->root());
      if (!tool || !declare(*file, "tool", tool->name)) continue;
      known_.tools[tool->name] = tool;
      check_with_driver(*file, *tool);
    }
    project_->tools = known_.tools;
    for (const ParsedFile* file : files_of(FileKind::settings))
      if (file->document.root.find("secrets")) check_secret_tools(file->root().member("secrets"), known_);
  }

  void load_decisions() {
    auto files = files_of(FileKind::decision);
    for (const ParsedFile* file : files) known_.declared_decisions.insert(declared_name(*file));
    known_.declared_decisions.erase("");
    for (const ParsedFile* file : files) {
      auto decision = parse_decision(file->root());
      if (decision && declare(*file, "decision", decision->name)) known_.decisions[decision->name] = decision;
    }
    project_->decisions = known_.decisions;
  }

  void load_policies() {
    known_.files = &project_->files;
    for (const ParsedFile* file : files_of(FileKind::policy)) {
      auto policy = parse_policy(file->root(), known_);
      if (!policy || !declare(*file, "policy", policy->name)) continue;
      project_->policies[policy->name] = policy;
      for (const PolicyList& list : policy->lists) declare_list(*file, list);
    }
    if (problems_.count() == 0) project_->policy_set = PolicySet::of(project_->policies);
  }

  void load_workflows() {
    for (const ParsedFile* file : files_of(FileKind::workflow)) {
      declared_workflows_.insert(declared_workflow(file->document.root));
      auto workflow = parse_workflow(file->root(), known_, references_);
      if (workflow && declare(*file, "workflow", workflow->name.text())) project_->workflows[workflow->name] = workflow;
    }
  }

  void check_references() {
    if (workflows_unreadable_) return;
    for (const WorkflowReference& reference : references_) {
      const WorkflowName& wanted = reference.name;
      bool found = std::any_of(declared_workflows_.begin(), declared_workflows_.end(), [&](const WorkflowName& name) {
        return name.namespace_ == wanted.namespace_ && name.name == wanted.name &&
               (wanted.version == "latest" || name.version == wanted.version);
      });
      if (found) {
        check_child_input(reference);
        continue;
      }
      std::vector<std::string> texts;
      for (const WorkflowName& name : declared_workflows_) texts.push_back(name.text());
      std::vector<std::string_view> names(texts.begin(), texts.end());
      problems_.add({reference.path, reference.place,
                     fmt::format("no workflow {}{}", wanted.text(), suggestion(wanted.text(), names))});
    }
    check_invariants();
    find_endless_runs(*project_, [this](const Workflow& workflow, const Task& task, std::string message) {
      problems_.add({workflow.path, task.place, std::move(message), Severity::warning});
    });
  }

  // One that is about a workflow which is not there would hold whatever happens.
  void check_invariants() {
    std::set<std::string, std::less<>> known;
    for (const WorkflowName& name : declared_workflows_) known.insert(name.namespace_ + "/" + name.name);
    const std::vector<std::string_view> names(known.begin(), known.end());
    for (const StatedInvariant& stated : invariants_of(*project_))
      for (const std::string& wanted : stated.invariant.workflows)
        if (known.count(wanted) == 0)
          problems_.add({stated.path, stated.invariant.place,
                         fmt::format("invariant '{}': no workflow {}{}", stated.invariant.id, wanted, suggestion(wanted, names))});
  }

  void check_child_input(const WorkflowReference& reference) {
    const WorkflowName& name = reference.name;
    auto child = project_->find_workflow(name.namespace_, name.name, name.version);
    if (!child || !child->input.schema) return;
    const std::string refuses = fmt::format("the input.schema of {} refuses this: ", child->name.text());
    if (reference.input) return check_literals(*reference.input, *child->input.schema, Severity::warning, refuses);
    const auto violations = child->input.schema->validate(Value::object(std::vector<Member>{}));
    if (!violations.empty())
      problems_.add({reference.path, reference.place,
                     fmt::format("without 'input' the workflow gets {{}}, which the input.schema of {} refuses: {}",
                                 child->name.text(), describe(violations)),
                     Severity::warning});
  }

  Digest digest_of_files() const {
    std::vector<Member> members;
    for (const auto& [path, text] : project_->files) members.push_back({Text(path), Value(text)});
    return digest_of_value(Value::object(std::move(members)));
  }

  const ProjectChecks& checks_;
  std::map<std::string, std::string> shown_;
  std::shared_ptr<Project> project_ = std::make_shared<Project>();
  ProblemSink problems_;
  std::deque<ParsedFile> files_;  // stays in place: nodes point into it
  bool workflows_unreadable_ = false;
  KnownDefinitions known_;
  std::map<std::string, std::string> declared_;  // "tool tos" -> "tools/tos.yaml:1"
  std::set<WorkflowName> declared_workflows_;
  std::vector<WorkflowReference> references_;
};

}  // namespace

Digest digest_of_value(const Value& value) {
  return sha256(print_canonical(value));
}

std::shared_ptr<const Workflow> Project::find_workflow(std::string_view namespace_, std::string_view name,
                                                       std::string_view version) const {
  bool latest = version.empty() || version == "latest";
  std::shared_ptr<const Workflow> best;
  for (const auto& [key, workflow] : workflows) {
    if (key.namespace_ != namespace_ || key.name != name) continue;
    if (!latest && key.version != version) continue;
    if (!best || compare_versions(key.version, best->name.version) > 0) best = workflow;
  }
  return best;
}

const Operation* Project::find_operation(std::string_view tool, std::string_view operation) const {
  auto found = tools.find(tool);
  if (found == tools.end()) return nullptr;
  auto match = found->second->operations.find(operation);
  return match == found->second->operations.end() ? nullptr : &match->second;
}

std::variant<ProjectPointer, Problems> load_project(SourceFiles files, const ProjectChecks& checks) {
  return ProjectLoader(std::move(files), checks, {}).load();
}

std::variant<ProjectPointer, Problems> load_single_workflow(const std::string& path, std::string text,
                                                           const ProjectChecks& checks) {
  const std::string inner = "workflows/workflow.yaml";
  SourceFiles files = {{inner, std::move(text)}, {"policies/reads-only.yaml", std::string(reads_only_policy)}};
  return ProjectLoader(std::move(files), checks, {{inner, path}}).load();
}

}  // namespace gantry::definition

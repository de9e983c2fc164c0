// Reads one workflow document. Private to parse_workflow; split over several files by idea: the document
// (workflow_parse.cpp), task lists and common fields (task_parse.cpp), the kinds of task (task_kinds.cpp), errors and
// retries (error_parse.cpp), calls (call_parse.cpp, http_call.cpp, openapi_call.cpp,
// mcp_call.cpp, catalog_call.cpp), events (event_parse.cpp), extensions (extension_parse.cpp).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "definition/data_reader.h"
#include "definition/parse.h"

namespace gantry::definition {

// The names of one task list, for `then`. A branch of a fork has no neighbours to go to.
struct ListNames {
  std::vector<std::string> names;
  bool branches = false;
};

class WorkflowReader {
 public:
  WorkflowReader(const Node& root, const KnownDefinitions& known, std::vector<WorkflowReference>& references)
      : root_(root), known_(known), references_(references) {}
  void read(Workflow& workflow);

 private:
  // What a task needs to know of its surroundings.
  struct Place {
    Scope scope;
    const ListNames* list = nullptr;
    std::string reference;
  };

  // workflow_parse.cpp
  void read_document(ObjectReader& reader, Workflow& workflow);
  void read_evaluate(ObjectReader& reader);
  void read_use(ObjectReader& reader, Workflow& workflow);
  void read_used_map(ObjectReader& use, std::string_view key, std::map<std::string, Node>& into);
  void check_used();
  void collect_task_places(const Node& node);
  std::optional<DurationSource> read_timeout(ObjectReader& reader, const Scope& scope);
  DataFlow read_data_flow(ObjectReader& reader, std::string_view key, std::string_view transform_key,
                          const Scope& scope);
  // The schema at a place, however often it is read: that of a function is read for each of its calls.
  std::optional<Schema> read_schema_once(const Node& node);
  void check_function_input(const Node& with, const Node& function);
  // The definition itself, or the one under use.KIND that the text at `node` names; reported when there is none.
  std::optional<Node> resolve(const Node& node, const std::map<std::string, Node>& used, std::string_view kind);

  // task_parse.cpp
  TaskList read_task_list(const Node& list, const Scope& scope, const std::string& reference, bool branches = false);
  TaskPointer read_task(const Node& node, std::string name, const Place& place);
  std::optional<std::string> find_task_kind(const ObjectReader& reader, std::string_view name);
  bool read_body(ObjectReader& reader, const std::string& kind, Task& task, const Place& place);
  FlowDirective read_flow(const Node& node, const Place& place);

  // task_kinds.cpp
  DoTask read_do(ObjectReader& reader, const Place& place);
  SetTask read_set(ObjectReader& reader, const Place& place);
  SwitchTask read_switch(ObjectReader& reader, const Place& place);
  ForTask read_for(ObjectReader& reader, const Place& place);
  ForkTask read_fork(ObjectReader& reader, const Place& place);
  WaitTask read_wait(ObjectReader& reader, const Place& place);
  void read_run(ObjectReader& reader, Task& task, const Place& place);

  // event_parse.cpp
  EmitTask read_emit(ObjectReader& reader, const Place& place);
  ListenTask read_listen(ObjectReader& reader, const Place& place);
  EventConsumption read_event_consumption(const Node& node, const Scope& scope, bool may_have_until);
  void read_until(const Node& node, const Scope& scope, EventConsumption& consumption);
  EventFilter read_event_filter(const Node& node, const Scope& scope);
  EventAttribute read_event_attribute(const Node& node, const Scope& scope);
  EventCorrelation read_event_correlation(const Node& node, const Scope& scope);
  EventIterator read_event_iterator(const Node& node, const Place& place);

  // schedule_parse.cpp
  std::optional<Schedule> read_schedule(const Node& node, const Workflow& workflow);
  void check_schedule_input(const Node& schedule, const Workflow& workflow, const Value& input, std::string_view what);

  // error_parse.cpp
  TryTask read_try(ObjectReader& reader, const Place& place);
  RaiseTask read_raise(ObjectReader& reader, const Place& place);
  ErrorTemplate read_error(const Node& node, const Scope& scope);
  ErrorFilter read_error_filter(const Node& node);
  RetryPolicy read_retry(const Node& node, const Scope& scope);
  void read_retry_limit(const Node& node, const Scope& scope, RetryPolicy& retry);
  RetryPolicy::Backoff read_backoff(const Node& node);

  // extension_parse.cpp
  void read_extensions(const Node& node);
  void apply_extensions(Task& task, const std::string& kind, const Scope& scope);
  Extension read_extension(const Node& node, const Scope& scope, const std::string& reference);

  // call_parse.cpp, http_call.cpp, openapi_call.cpp, catalog_call.cpp
  void read_call(ObjectReader& reader, Task& task, const Place& place);
  void read_tool_call(const Node& call, std::optional<Node> with, Task& task, const Scope& scope);
  void read_decide(const Node& call, std::optional<Node> with, Task& task, const Scope& scope);
  void read_function_call(const Node& call, std::optional<Node> with, const std::string& function, Task& task,
                          const Place& place);
  bool read_catalog_call(const Node& call, std::optional<Node> with, Task& task, const Scope& scope);
  ApprovalTask read_approval(const Node& with, const Scope& scope);
  GuardrailTask read_guardrail(const Node& with, const Scope& scope);
  void report_unknown_call(const Node& call, const std::string& name);
  CallTask read_http(const Node& with, const Scope& scope);
  void check_http_headers(const Node& node);
  void check_http_uri(const Node& node);
  // `expands` becomes true when the endpoint is literal text with {name} in it.
  std::optional<Value> read_endpoint(const Node& node, const Scope& scope, bool& expands);
  OpenApiTask read_openapi(const Node& with, const Scope& scope);
  void read_openapi_endpoint(const Node& node, const Scope& scope, OpenApiTask& task);
  void check_openapi_call(const Node& with, const Value& document);
  CallTask read_mcp(const Node& with, const Scope& scope);
  void read_mcp_transport(const Node& node, const Scope& scope, CallTask& call, std::vector<Member>& arguments);
  void read_mcp_environment(const Node& node, const Scope& scope);
  std::optional<Value> read_authentication(const Node& node, const Scope& scope);
  void check_secret_name(const Node& node);
  void check_secret_setting(const Node& node);
  void check_secret_references(const Node& node);

  Node root_;
  const KnownDefinitions& known_;
  std::vector<WorkflowReference>& references_;
  std::map<std::string, Node> functions_, retries_, errors_, timeouts_, authentications_;
  struct ExtensionSource {
    Node node;
    std::string extends;  // "all" or a kind of task
  };
  std::vector<ExtensionSource> extensions_;
  bool in_extension_ = false;  // the tasks of an extension are being read
  std::set<std::string, std::less<>> secrets_;
  std::set<std::string> resolved_;  // pointers of the definitions under `use` that something referred to
  std::multimap<std::string, SourcePlace> task_places_;  // every task of the document by name
  std::vector<std::string> function_stack_;              // functions being read, against endless expansion
  std::map<std::string, std::optional<Schema>> schemas_;  // by pointer
  std::size_t task_count_ = 0;
  bool observes_lifecycle_ = false;  // an event filter names a lifecycle event
};

// A task's own keyword, in the order in which a task is searched for them (a `for` has a `do` as well).
const std::vector<std::string_view>& task_keywords();

}  // namespace gantry::definition

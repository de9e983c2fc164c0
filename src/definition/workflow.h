// A workflow: the Open Workflow Specification's DSL (1.0.3 and main), in the profile of docs/reference/workflow.md,
// as an immutable tree with all expressions compiled. Built by parse.h only; shared by all instances that run it.
//
// Expressions see these arguments, always in this order: $context $input $output $secrets $task $workflow $runtime
// $authorization, then the variables of the enclosing scopes, outermost first (`for` item and index, `catch` error).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "definition/approver.h"
#include "definition/cron.h"
#include "expression/template.h"
#include "value/ecma_pattern.h"
#include "value/schema.h"
#include "value/yaml.h"

namespace gantry::definition {

inline constexpr std::size_t standard_argument_count = 8;
const std::vector<std::string>& standard_arguments();  // "context", "input", ... in the order above

struct Expression {
  expression::ProgramPointer program;
  std::string text;
};
using expression::Template;

// What becomes of a value on its way in or out: `input.schema`, `input.from`, `output.as`, `export.as`...
struct DataFlow {
  std::optional<Schema> schema;       // inline JSON Schema
  std::optional<Template> transform;  // from / as: an expression or a structure with expressions
};

// Where the flow goes after a task: `then`.
struct FlowDirective {
  enum class Kind { proceed, exit, end, task } kind = Kind::proceed;  // "continue", "exit", "end", a name
  std::size_t index = 0;                                              // of the task in the same list, for Kind::task
  std::string name;
};

// A duration: fixed, or given by an expression that yields ISO 8601 text or an object
// {days,hours,minutes,seconds,milliseconds}.
struct DurationSource {
  std::optional<Duration> fixed;
  std::optional<Template> computed;
};
// Reads what a DurationSource's template evaluated to.
Result<Duration> duration_from(const Value& value);

struct Task;
using TaskPointer = std::shared_ptr<const Task>;
struct TaskList {
  std::vector<TaskPointer> tasks;
};

struct DoTask {
  TaskList tasks;
};
struct SetTask {
  Template value;
};
struct SwitchCase {
  std::string name;
  std::optional<Expression> when;  // absent: the default case
  FlowDirective then;
};
struct SwitchTask {
  std::vector<SwitchCase> cases;
};
struct ForTask {
  std::string each = "item";
  std::string at = "index";
  Expression in;
  std::optional<Expression> while_;
  TaskList body;  // its scope has `each` and `at`, in this order
};
struct ForkTask {
  TaskList branches;
  bool compete = false;
};

// Problem details (RFC 7807) with expressions in it, for raise.
struct ErrorTemplate {
  Template type, status, title, detail;  // each null when absent
};
// Static filter of `catch.errors.with`: absent fields match anything. `type` is normalised, see error_kind().
struct ErrorFilter {
  std::optional<std::string> type, title, detail, instance;
  std::optional<std::int64_t> status;
};
struct RetryPolicy {
  enum class Backoff { constant, linear, exponential };
  std::optional<Expression> when, except_when;  // scope: as the catch
  DurationSource delay;
  Backoff backoff = Backoff::constant;
  std::optional<DurationSource> jitter_from, jitter_to;
  std::optional<std::int64_t> attempt_count;  // number of retries
  std::optional<DurationSource> attempt_duration, total_duration;
};
struct TryTask {
  TaskList body;
  ErrorFilter filter;
  std::string as = "error";
  std::optional<Expression> when, except_when;  // scope: enclosing scope plus `as`
  std::optional<RetryPolicy> retry;
  std::optional<TaskList> handler;    // catch.do; scope: enclosing scope plus `as`
  std::optional<FlowDirective> then;  // catch.then
};
struct RaiseTask {
  ErrorTemplate error;
};
struct EmitTask {
  Template event;  // CloudEvent attributes and data
};

// One entry of an event filter's `with`. `expected` sees as `.` the attribute's value in the event (for `data`: the
// data). Where it is one expression, true and false are the verdict and null is none; any other value, and what is no
// expression, is compared with the attribute.
struct EventAttribute {
  std::string name;
  Template expected;
  bool is_expression = false;
  std::optional<EcmaPattern> pattern;    // of text with regular expression syntax: matches the whole attribute
  std::optional<std::string> only_text;  // of text without any syntax: the one value that matches
};
// One entry of `correlate`. Without `expect` the first value seen becomes what is expected, for all filters of the
// strategy that have this key.
struct EventCorrelation {
  std::string key;
  Expression from;  // `.` is the whole event
  std::optional<Template> expect;
};
struct EventFilter {
  std::vector<EventAttribute> with;
  std::vector<EventCorrelation> correlate;

  // The one type of the events that it can match; nothing when it says none or a pattern or an expression.
  const std::string* only_type() const;
};
// What to wait for: `one`, `all`, `any`.
struct EventConsumption {
  enum class Kind { one, all, any } kind = Kind::one;
  std::vector<EventFilter> filters;  // any: none means every event
  std::optional<Expression> until;   // any: `.` is the list of the events so far, as they are read
  std::shared_ptr<const EventConsumption> until_consumed;  // any: these events end it and are no part of the output

  // Calls `visit(type)` for each type of event that may be of interest; with null where it may be any.
  template <class Visit>
  void visit_types(const Visit& visit) const {
    if (filters.empty()) visit(nullptr);
    for (const EventFilter& filter : filters) visit(filter.only_type());
    if (until_consumed) until_consumed->visit_types(visit);
  }
};
enum class EventReading { data, envelope, raw };
// `foreach`: what becomes of each event, one after the other.
struct EventIterator {
  std::string item = "item";
  std::string at = "index";
  TaskList body;  // may be empty; its scope has `item` and `at`, in this order
  DataFlow output, export_;
};
struct ListenTask {
  EventConsumption to;
  EventReading read = EventReading::data;
  std::optional<EventIterator> each;
};
struct WaitTask {
  DurationSource duration;
};
// A call of a tool through the gate: `call: http` or `call: TOOL.OPERATION`. (The call of a function of `use.functions`
// has become a DoTask: a `set` of its arguments, then the function's task.)
struct CallTask {
  std::string tool;       // "http" for the standard's call: http
  std::string operation;  // for http: "request"
  // For http the standard's `with`: {method, endpoint, headers?, query?, body?, output?, redirect?}. `endpoint` is text
  // or {uri, authentication?: {basic: {username, password} | {use: SECRET}} | {bearer: {token} | {use: SECRET}}}. A
  // {use: SECRET} is left for the driver, so that the secret is never part of an effect.
  Template arguments;
  // http: the endpoint is literal text with {name} in it. The interpreter then passes the evaluated arguments through
  // with_expanded_endpoint(arguments, input of the task) of uri_template.h.
  bool expands_endpoint = false;
};
// `call: openapi`: the document is fetched by one effect, unless it is a file of the project; openapi_request() of
// openapi.h then makes the arguments of a second one, the call itself.
struct OpenApiTask {
  std::string project_document;   // path of a file under openapi/ of the project; empty: fetched
  Template document;              // arguments of the `call: http` that fetches it
  bool expands_endpoint = false;  // of `document`, as in CallTask
  Template arguments;             // {operationId, parameters?, authentication?, output?, redirect?}
};
// `call: decide` with {decision: NAME, input: ...}: answered by the deciders of the decision definition.
struct DecideTask {
  std::string decision;
  Template input;
};
// `call: approval`: people say yes or no. The output is {approved, outcome, votes}; see docs/reference/approval.md.
struct ApprovalTask {
  Template question, context;
  std::vector<ApproverRequirement> approvers;  // all of them are needed
  bool requester_excluded = true;              // who started the instance may not vote
  DurationSource expires;
};
// `call: guardrail`: a value that passes the checks is the output, else a `validation` error.
struct GuardrailTask {
  Template value;
  std::optional<Schema> schema;
  std::optional<Expression> condition;  // `.` is the value
  Template message;                     // null: one that says what failed
};
struct RunWorkflowTask {
  std::string namespace_, name, version;  // version "latest" allowed
  Template input;
  bool await = true;
};

// An extension of `use.extensions` as it applies to one task; its lists were read for that task.
struct Extension {
  std::string name;
  std::optional<Expression> when;  // $task has the members of the task's definition, too
  TaskList before, after;
};

struct Task {
  std::string name;
  std::string reference;  // JSON pointer: "/do/0/name/try/1/other"
  SourcePlace place;
  std::size_t scope_size = 0;           // how many scope variables are visible here, after the standard arguments
  Value definition;                     // as written, for $task.definition
  std::optional<Expression> condition;  // if
  DataFlow input, output, export_;
  FlowDirective then;
  std::optional<DurationSource> timeout;
  std::vector<Extension> extensions;  // of this kind of task, in the order of the file
  bool in_extension = false;          // a task of an extension's lists: none applies to it, $task is the extended task
  std::variant<DoTask, SetTask, SwitchTask, ForTask, ForkTask, TryTask, RaiseTask, EmitTask, WaitTask, CallTask,
               DecideTask, RunWorkflowTask, ListenTask, OpenApiTask, ApprovalTask, GuardrailTask>
      body;
  const char* kind_name() const;  // "do", "set", ... as the standard names them
};

struct WorkflowName {
  std::string namespace_, name, version;
  std::string text() const {
    std::string text;
    text.reserve(namespace_.size() + name.size() + version.size() + 2);
    return text.append(namespace_).append("/").append(name).append(":").append(version);
  }
  auto operator<=>(const WorkflowName&) const = default;
};

// `schedule`: what starts instances by itself. Each part that is there does so on its own.
struct Schedule {
  std::optional<Duration> every;       // from the moment in which the schedule came into force
  std::optional<CronExpression> cron;  // UTC
  std::string cron_text;
  std::optional<Duration> after;     // the end of the instance before
  std::optional<EventConsumption> on;  // its expressions see only `.`
  EventReading read = EventReading::envelope;  // how the events become the input

  // The input of instances that the clock starts.
  static Value timed_input(Timestamp due);
};

struct Workflow {
  WorkflowName name;
  std::string title, summary;
  std::string path;  // the file it came from
  Digest digest;     // of the canonical JSON form
  Value source;      // the document as JSON
  DataFlow input, output;
  std::optional<DurationSource> timeout;
  TaskList tasks;
  std::vector<std::string> secrets;  // names under use.secrets
  std::optional<Schedule> schedule;
  // It listens to lifecycle events by name, or is started by them. Its own are then not published, so that no two
  // workflows can keep each other going with nothing but these.
  bool observes_lifecycle = false;
};

// Whether it is the type of one of the standard's lifecycle events: "io.serverlessworkflow.workflow.started.v1", ...
bool is_lifecycle_type(std::string_view type);

// All spellings of the standard's error types (hosts serverlessworkflow.io and open-workflow-specification.org,
// "/spec/1.0.0/errors/KIND" and "/dsl/errors/types/KIND") give "KIND"; anything else is returned as it is.
std::string error_kind(std::string_view type);
// "communication" -> "https://open-workflow-specification.org/spec/1.0.0/errors/communication"
std::string standard_error_type(std::string_view kind);

}  // namespace gantry::definition

// call: openapi, as two effects: the document is fetched (unless it is a file of the project), then the operation is
// called with the request that openapi_request() made of document and parameters. Frame::position says which of the
// two the task waits for, Frame::value holds the evaluated arguments and then the `output` that was asked for.
#include "definition/openapi.h"
#include "definition/uri_template.h"
#include "engine/interpreter_execution.h"

namespace gantry::engine {

namespace {

constexpr std::size_t waits_for_document = 0, waits_for_answer = 1;

}  // namespace

void Execution::begin(Branch& branch, Frame& frame, const definition::OpenApiTask& task) {
  const Site site{.field = "call.with", .input = &frame.input};
  std::optional<Value> arguments = evaluate(branch, frame, site, task.arguments, frame.input);
  if (!arguments) return;
  frame.value = std::move(*arguments);
  if (!task.project_document.empty()) {
    const Value* document = nullptr;
    if (setting_.project != nullptr) {
      const auto found = setting_.project->openapi_documents.find(task.project_document);
      if (found != setting_.project->openapi_documents.end()) document = &found->second;
    }
    if (document != nullptr) return call_operation(branch, frame, *document, "");
    const std::string detail = "call: openapi: the project has no document " + task.project_document + ".";
    return raise(branch, make_error(ErrorKind::configuration, "No such document", detail, frame.task->reference));
  }
  std::optional<Value> fetch = evaluate(branch, frame, site, task.document, frame.input);
  if (!fetch) return;
  if (task.expands_endpoint && !expand_endpoint(branch, frame, *fetch)) return;
  frame.position = waits_for_document;
  call_effect(branch, frame, "http", "request", std::move(*fetch));
}

void Execution::call_operation(Branch& branch, Frame& frame, const Value& document, std::string_view document_uri) {
  const Value arguments = std::move(frame.value);
  const auto refuse = [&](ErrorKind kind, std::string_view detail) {
    const Label label = join(document.deep_label(), arguments.deep_label());
    raise(branch, make_error(kind, "OpenAPI call not possible", "call: openapi: " + std::string(detail),
                             frame.task->reference, label));
  };
  const Value operation = arguments.member("operationId");
  if (!operation.is_string()) return refuse(ErrorKind::validation, "operationId: expected text");
  const Result<Value> described = definition::read_openapi_document(document);
  if (!described) return refuse(ErrorKind::configuration, described.error().message);
  Result<Value> made =
      definition::openapi_request(*described, document_uri, operation.as_string(), arguments.member("parameters"));
  if (!made) {
    const bool is_input = made.error().code == Code::invalid_argument;
    return refuse(is_input ? ErrorKind::validation : ErrorKind::configuration, made.error().message);
  }
  Value request = std::move(*made);
  if (const Value* authentication = arguments.find("authentication")) {
    // The authentication is the author's own: it does not carry the labels of the address beside it.
    request = std::move(request).with_member(
        "endpoint", Value::object({{"uri", request.member("endpoint")}, {"authentication", *authentication}}));
  }
  for (const char* key : {"output", "redirect"}) {
    if (const Value* value = arguments.find(key)) request = std::move(request).with_member(key, *value);
  }
  std::optional<Value> admitted = admit(branch, frame, "call.with", ErrorKind::validation, std::move(request));
  if (!admitted) return;
  frame.value = arguments.member("output");
  frame.position = waits_for_answer;
  call_effect(branch, frame, "http", "request", std::move(*admitted));
}

void Execution::openapi_answered(Branch& branch, Frame& frame, const Value& result) {
  if (frame.position == waits_for_answer) return complete(branch, reduce_response(result, frame.value));
  const Value uri = result.member("request").member("uri");
  call_operation(branch, frame, result.member("content"), uri.is_string() ? uri.as_string() : "");
}

}  // namespace gantry::engine

// Tools of MCP servers, and the standard's call: mcp. Every call is a session of its own: nothing that a server did or
// said in one reaches the next.
#include "tool/mcp_driver.h"

#include <fmt/format.h>

#include "tool/http_outcome.h"
#include "tool/mcp_call.h"
#include "tool/mcp_client.h"
#include "tool/mcp_standard_call.h"

namespace gantry::tool {
namespace {

using Knowledge = McpFailure::Knowledge;
using Answer = McpClient::Answer;

McpFailure refusal(std::string kind, std::int64_t status, std::string what) {
  McpFailure failure = mcp_failure(Knowledge::refused, std::move(what), status);
  failure.kind = std::move(kind);
  return failure;
}

// What a tool that failed says of it: its first text.
std::string said_of_error(const Value& result) {
  const Value* content = result.find("content");
  if (content == nullptr || !content->is_array()) return "";
  for (const Value& item : content->items()) {
    if (item.is_object() && item.string_or("type", "") == "text") return mcp_excerpt(item.string_or("text", ""));
  }
  return "";
}

class McpDriver final : public Driver {
 public:
  explicit McpDriver(HttpOptions options)
      : options_(std::move(options)), egress_(options_.egress_allow, options_.egress_any, options_.host_override) {}

  std::vector<std::string> check(const definition::Tool& tool) const override { return check_mcp_tool(tool); }

  Outcome call(Permit permit, const CallContext& context) override {
    const Effect& effect = permit.effect();
    if (context.operation == nullptr) {
      return Outcome::failed_with(standard_error("configuration", "the mcp driver was called without an operation"));
    }
    const Result<McpCall> call = mcp_call_for(effect, context, options_.secrets, egress_, options_.timeout);
    if (!call) return refused_before_sending(call.error(), effect, context);
    Label label;
    if (context.tool == nullptr) {
      label = Label::of({.integrity = Integrity::trusted,
                         .secrecy = Secrecy::public_,
                         .sources = {"mcp:" + call->target},
                         .compartments = {}});
    }
    Answer answer = session(*call, effect, context);
    if (auto* failure = std::get_if<McpFailure>(&answer))
      return failed(*call, std::move(*failure), effect, context, label);
    Value result = redacted(std::get<Value>(std::move(answer)), call->secrets);
    if (call->binding.method == "tools/call" && result.boolean_or("isError", false)) {
      const std::string said = said_of_error(result);
      McpFailure failure = refusal("runtime", 500, said.empty() ? "the tool failed" : "the tool failed: " + said);
      if (!call->binding.errors_mean_not_done) failure.knowledge = Knowledge::failed;
      return failed(*call, std::move(failure), effect, context, label);
    }
    return Outcome::done_with(std::move(result).labelled(label));
  }

 private:
  Answer session(const McpCall& call, const Effect& effect, const CallContext& context) {
    McpBudget budget;
    budget.deadline = std::chrono::steady_clock::now() + call.timeout;
    budget.stop = context.stop;
    budget.bytes_left = options_.response_bytes_max;
    if (call.endpoint) {
      McpHttp transport(client_, egress_, *call.endpoint);
      return session_over(transport, call, effect, context, budget);
    }
    Result<std::unique_ptr<PipedProcess>> process = start_in_sandbox(call.program);
    if (!process) return refusal("configuration", 400, process.error().message);
    McpStdio transport(**process);
    return session_over(transport, call, effect, context, budget);
  }

  Answer session_over(McpTransport& transport, const McpCall& call, const Effect& effect, const CallContext& context,
                      McpBudget& budget) {
    McpClientOptions options;
    options.revision = call.revision;
    options.name = call.client_name;
    options.version = call.client_version;
    options.cancels_by_message = !call.endpoint.has_value();
    McpClient client(transport, options, budget);
    Answer answer = ask(client, call, effect, context);
    client.close();
    return answer;
  }

  Answer ask(McpClient& client, const McpCall& call, const Effect& effect, const CallContext& context) {
    // Until the request itself is sent nothing can have happened.
    const auto before_the_request = [](McpFailure failure) {
      failure.knowledge = Knowledge::not_sent;
      return failure;
    };
    if (auto failure = client.open()) return before_the_request(*std::move(failure));
    McpClient::Options options;
    options.harmless_to_repeat = is_read(effect.effect_class);
    const bool declared = context.tool != nullptr;
    if (declared && call.binding.method == "tools/call") {
      std::variant<Value, McpFailure> described = pinned_tool(client, call, context.tool->name);
      if (auto* failure = std::get_if<McpFailure>(&described)) return before_the_request(std::move(*failure));
      auto headers =
          mcp_parameter_headers(std::get<Value>(described).member("inputSchema"), call.params.member("arguments"));
      if (!headers) return before_the_request(refusal("configuration", 400, headers.error().message));
      options.headers = *std::move(headers);
    }
    if (declared && call.binding.method == "tools/list" && call.params.size() == 0) {
      auto tools = client.list_tools();
      if (auto* failure = std::get_if<McpFailure>(&tools)) return std::move(*failure);
      return Value::object({{"tools", Value::array(std::get<std::vector<Value>>(std::move(tools)))}});
    }
    return client.call(call.binding.method, call.params, options);
  }

  // What the server says of the tool now, if it is what was looked at when the tool was pinned.
  std::variant<Value, McpFailure> pinned_tool(McpClient& client, const McpCall& call, const std::string& tool_name) {
    auto tools = client.list_tools();
    if (auto* failure = std::get_if<McpFailure>(&tools)) return std::move(*failure);
    for (const Value& tool : std::get<std::vector<Value>>(tools)) {
      if (tool.string_or("name", "") != call.binding.tool) continue;
      const std::string pin = mcp_pin_of(tool);
      if (pin == call.binding.pin) return tool;
      const std::string_view what = call.binding.pin.empty() ? "was never pinned" : "has changed since it was pinned";
      return refusal(
          "authorization", 403,
          fmt::format("what the server says of its tool \"{}\" {} (now {}): it stays disabled until somebody has "
                      "looked at it (gantry mcp tools {}) and pinned it again (gantry mcp pin {})",
                      call.binding.tool, what, pin, tool_name, tool_name));
    }
    return refusal("configuration", 400, fmt::format("the server has no tool \"{}\"", call.binding.tool));
  }

  static Outcome failed(const McpCall& call, McpFailure failure, const Effect& effect, const CallContext& context,
                        const Label& label) {
    const bool standard = context.tool == nullptr;
    const std::string detail = fmt::format("{} of {}: {}", call.binding.method, call.target, failure.what);
    // By the standard every failure of a call: mcp is one of its runtime.
    ErrorDetails error = standard_error(standard && failure.kind != "configuration" ? "runtime" : failure.kind,
                                        redacted(detail, call.secrets));
    error.status = failure.status;
    error.label = label;
    const bool not_done = failure.knowledge == Knowledge::not_sent || failure.knowledge == Knowledge::refused;
    // Of an earlier attempt whose answer was lost such an answer says nothing. The standard's call has no more to say
    // of an answered failure than that it is one.
    const bool certain = is_read(effect.effect_class) || (not_done && context.attempt <= 1) ||
                         (standard && failure.knowledge == Knowledge::failed && context.attempt <= 1);
    return certain ? Outcome::failed_with(std::move(error)) : Outcome::ambiguous_with(std::move(error));
  }

  const HttpOptions options_;
  const Egress egress_;
  HttpClient client_;
};

}  // namespace

std::shared_ptr<Driver> make_mcp_driver(HttpOptions options) {
  return std::make_shared<McpDriver>(std::move(options));
}

}  // namespace gantry::tool

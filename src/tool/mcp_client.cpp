#include "tool/mcp_client.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "definition/mcp_method.h"

namespace gantry::tool {
namespace {

using Knowledge = McpFailure::Knowledge;

constexpr std::string_view newest_with_handshake = "2025-11-25";
constexpr Duration probe_timeout = std::chrono::seconds(5);
constexpr Duration cancel_timeout = std::chrono::seconds(1);
constexpr int rounds_max = 5;
constexpr std::size_t pages_max = 100, tools_max = 2'000;
constexpr std::size_t cursor_bytes_max = 4u << 10;
constexpr std::int64_t unsupported_revision = -32022;

bool has_handshake(std::string_view revision) {
  return revision != mcp_stateless_revision && is_mcp_revision(revision);
}

McpFailure failure_of(const McpMessage& message) {
  // By JSON-RPC and MCP these are given before anything was done.
  const std::int64_t code = message.error_code;
  const bool refused = code == -32700 || (code <= -32600 && code >= -32602) || (code <= -32020 && code >= -32099);
  McpFailure failure =
      mcp_failure(refused ? Knowledge::refused : Knowledge::failed,
                  fmt::format("the server answered with error {}: {}", code, message.error_message), 500);
  failure.kind = "runtime";
  failure.code = code;
  failure.data = message.error_data;
  return failure;
}

McpFailure broken_rule(std::string what) {
  return mcp_failure(Knowledge::unknown, std::move(what), 502);
}

// What of the server's list we speak, the newest first.
std::string newest_of(const Value& supported) {
  std::set<std::string, std::greater<>> common;
  if (supported.is_array()) {
    for (const Value& item : supported.items()) {
      if (item.is_string() && is_mcp_revision(item.as_string())) common.emplace(item.as_string());
    }
  }
  return common.empty() ? "" : *common.begin();
}

// What the methods that name something repeat in a header.
std::string_view named_by(std::string_view method, const Value& params) {
  if (method == "tools/call" || method == "prompts/get") return params.string_or("name", "");
  if (method == "resources/read") return params.string_or("uri", "");
  return "";
}

}  // namespace

bool is_mcp_revision(std::string_view revision) {
  const auto& known = definition::mcp_revisions;
  return std::find(known.begin(), known.end(), revision) != known.end();
}

std::optional<McpFailure> McpClient::open() {
  if (options_.revision.empty()) return probe();
  if (has_handshake(options_.revision)) return initialize(options_.revision);
  revision_ = options_.revision;
  transport_.use_revision(revision_);
  return std::nullopt;
}

// A server of the stateless revision says what it is; an older one does not know the question.
std::optional<McpFailure> McpClient::probe() {
  revision_ = mcp_stateless_revision;
  transport_.use_revision(revision_);
  McpBudget& budget = budget_;
  const auto deadline = budget.deadline;
  budget.deadline = std::min(deadline, std::chrono::steady_clock::now() + probe_timeout);
  const Answer answer = send("server/discover", Value::object({}), {.headers = {}, .harmless_to_repeat = true});
  budget.deadline = deadline;
  std::string agreed;
  if (const auto* failure = std::get_if<McpFailure>(&answer)) {
    const bool out_of_reach = failure->knowledge == Knowledge::not_sent || failure->status == 401 ||
                              failure->status == 403 || budget.stop.stop_requested();
    if (out_of_reach) return *failure;
    if (failure->code == unsupported_revision) agreed = newest_of(failure->data.member("supported"));
    if (failure->code == unsupported_revision && agreed.empty()) return *failure;
  } else {
    agreed = newest_of(std::get<Value>(answer).member("supportedVersions"));
    if (agreed.empty()) return broken_rule("the server speaks no revision of the protocol that this client does");
  }
  if (agreed == mcp_stateless_revision) return std::nullopt;
  return initialize(agreed.empty() ? newest_with_handshake : agreed);
}

std::optional<McpFailure> McpClient::initialize(std::string_view revision) {
  revision_.clear();
  transport_.use_revision("");
  const Answer answer =
      send("initialize",
           Value::object({{"protocolVersion", revision},
                          {"capabilities", Value::object({})},
                          {"clientInfo", Value::object({{"name", options_.name}, {"version", options_.version}})}}),
           {.headers = {}, .harmless_to_repeat = true});
  if (const auto* failure = std::get_if<McpFailure>(&answer)) return *failure;
  const std::string_view agreed = std::get<Value>(answer).string_or("protocolVersion", "");
  if (!has_handshake(agreed)) {
    return broken_rule(fmt::format("the server wants to speak revision \"{}\"; expected one of {}", mcp_excerpt(agreed),
                                   fmt::join(definition::mcp_revisions, ", ")));
  }
  revision_ = agreed;
  transport_.use_revision(revision_);
  return transport_.notify(print_mcp_notification("notifications/initialized", Value()), budget_);
}

McpClient::Answer McpClient::call(std::string_view method, const Value& params, const Options& options) {
  Value asked = params;
  for (int round = 0; round < rounds_max; ++round) {
    Answer answer = send(method, asked, options);
    if (const auto* failure = std::get_if<McpFailure>(&answer)) {
      // The server has looked at nothing but the revision.
      const bool again = round == 0 && is_stateless() && failure->code == unsupported_revision &&
                         newest_of(failure->data.member("supported")) == mcp_stateless_revision;
      if (again) continue;
      return answer;
    }
    Value result = std::get<Value>(std::move(answer));
    const std::string type(result.string_or("resultType", "complete"));
    result = std::move(std::move(result).without_member("resultType")).without_member("_meta");
    if (type == "complete" || !is_stateless()) return result;
    const Value inputs = result.member("inputRequests");
    const Value state = result.member("requestState");
    if (type != "input_required" || !state.is_string() || (inputs.is_object() && inputs.size() > 0)) {
      McpFailure failure = mcp_failure(
          Knowledge::refused,
          type == "input_required" ? "the server asks for more input before it does this, which nobody can give here"
                                   : fmt::format("a result of type \"{}\" is not supported", mcp_excerpt(type)),
          500);
      failure.kind = "runtime";
      return failure;
    }
    asked = std::move(Value(params)).with_member("requestState", state);
  }
  return broken_rule("the server asks for the same request again and again");
}

McpClient::Answer McpClient::send(std::string_view method, const Value& params, const Options& options) {
  McpRequest request;
  request.id = ++last_id_;
  request.method = method;
  request.harmless_to_repeat = options.harmless_to_repeat;
  Value sent = params;
  if (is_stateless()) {
    Value meta = params.member("_meta");
    if (!meta.is_object()) meta = Value::object({});
    meta = std::move(meta).with_member("io.modelcontextprotocol/protocolVersion", revision_);
    meta = std::move(meta).with_member("io.modelcontextprotocol/clientInfo",
                                       Value::object({{"name", options_.name}, {"version", options_.version}}));
    meta = std::move(meta).with_member("io.modelcontextprotocol/clientCapabilities", Value::object({}));
    sent = std::move(sent).with_member("_meta", meta);
    request.headers = options.headers;
    request.headers.emplace_back("Mcp-Method", method);
    if (const std::string_view name = named_by(method, params); !name.empty()) {
      request.headers.emplace_back("Mcp-Name", mcp_header_value(name));
    }
  }
  request.text = print_mcp_request(request.id, method, sent);
  std::variant<McpMessage, McpFailure> answer = transport_.request(request, budget_);
  if (auto* failure = std::get_if<McpFailure>(&answer)) {
    if (failure->knowledge == Knowledge::unknown && method != "initialize") cancel(request.id);
    return *std::move(failure);
  }
  auto& message = std::get<McpMessage>(answer);
  if (message.kind == McpMessage::Kind::error) return failure_of(message);
  return std::move(message.result);
}

// Nobody waits for it any more. Best effort, in a time of its own: that of the call may be up.
void McpClient::cancel(std::int64_t id) {
  if (is_stateless() && !options_.cancels_by_message) return;
  McpBudget budget;
  budget.deadline = std::chrono::steady_clock::now() + cancel_timeout;
  (void)transport_.notify(
      print_mcp_notification("notifications/cancelled",
                             Value::object({{"requestId", id}, {"reason", "no longer waited for"}})),
      budget);
}

std::variant<std::vector<Value>, McpFailure> McpClient::list_tools() {
  std::vector<Value> tools;
  std::set<std::string, std::less<>> names;
  Value params = Value::object({});
  for (std::size_t page = 0; page < pages_max; ++page) {
    Answer answer = call("tools/list", params, {.headers = {}, .harmless_to_repeat = true});
    if (auto* failure = std::get_if<McpFailure>(&answer)) return *std::move(failure);
    const Value& result = std::get<Value>(answer);
    const Value* listed = result.find("tools");
    if (listed == nullptr || !listed->is_array()) return broken_rule("tools/list: the result has no list of tools");
    for (const Value& tool : listed->items()) {
      const std::string_view name = tool.is_object() ? tool.string_or("name", "") : "";
      if (name.empty()) return broken_rule("tools/list: a tool has no name");
      if (!names.emplace(name).second) {
        return broken_rule(fmt::format("tools/list: two tools are named \"{}\"", mcp_excerpt(name)));
      }
      if (tools.size() >= tools_max) return broken_rule(fmt::format("tools/list: more than {} tools", tools_max));
      tools.push_back(tool);
    }
    const Value* cursor = result.find("nextCursor");
    if (cursor == nullptr || cursor->is_null()) return tools;
    if (!cursor->is_string() || cursor->size() > cursor_bytes_max) {
      return broken_rule("tools/list: the cursor is no text of at most 4 KiB");
    }
    params = Value::object({{"cursor", *cursor}});
  }
  return broken_rule(fmt::format("tools/list: more than {} pages", pages_max));
}

void McpClient::close() {
  transport_.close(budget_);
}

}  // namespace gantry::tool

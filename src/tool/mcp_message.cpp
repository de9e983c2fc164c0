#include "tool/mcp_message.h"

#include <fmt/format.h>

#include "value/json.h"
#include "value/utf8.h"

namespace gantry::tool {
namespace {

constexpr std::size_t mcp_excerpt_bytes_max = 300;
constexpr std::size_t mcp_depth_max = 128;
constexpr std::size_t mcp_nodes_max = 1'000'000;

Error not_a_message(std::string_view why) {
  return {Code::invalid_argument, fmt::format("no JSON-RPC message: {}", why)};
}

bool is_id(const Value& id) {
  return id.is_integer() || id.is_string();
}

Result<McpMessage> read_answer(const Value& value, McpMessage message) {
  const Value* id = value.find("id");
  if (const Value* result = value.find("result")) {
    if (value.find("error") != nullptr) return not_a_message("it has both a result and an error");
    if (id == nullptr || !is_id(*id)) return not_a_message("a result needs the id of its request");
    if (!result->is_object()) return not_a_message("a result is an object");
    message.kind = McpMessage::Kind::result;
    message.id = *id;
    message.result = *result;
    return message;
  }
  const Value* error = value.find("error");
  if (error == nullptr) return not_a_message("it has neither method, result nor error");
  const Value* code = error->is_object() ? error->find("code") : nullptr;
  if (code == nullptr || !code->is_integer()) return not_a_message("an error has a code, which is an integer");
  if (id != nullptr && !is_id(*id) && !id->is_null()) return not_a_message("an id is text or an integer");
  message.kind = McpMessage::Kind::error;
  if (id != nullptr) message.id = *id;
  message.error_code = code->as_integer();
  message.error_message = mcp_excerpt(error->string_or("message", ""));
  message.error_data = error->member("data");
  return message;
}

Result<McpMessage> read_mcp_message(const Value& value) {
  if (!value.is_object()) return not_a_message("expected an object");
  if (value.string_or("jsonrpc", "") != "2.0") return not_a_message("jsonrpc is not \"2.0\"");
  McpMessage message;
  const Value* method = value.find("method");
  if (method == nullptr) return read_answer(value, std::move(message));
  if (!method->is_string()) return not_a_message("a method is text");
  message.method = method->as_string();
  if (const Value* params = value.find("params")) {
    if (!params->is_object() && !params->is_null()) return not_a_message("params are an object");
    message.params = *params;
  }
  if (const Value* id = value.find("id")) {
    if (!is_id(*id)) return not_a_message("an id is text or an integer");
    message.kind = McpMessage::Kind::request;
    message.id = *id;
  }
  return message;
}

std::string printed(std::vector<Member> members) {
  members.insert(members.begin(), {Text("jsonrpc"), "2.0"});
  return print_json(Value::object(std::move(members)));
}

}  // namespace

Result<std::vector<McpMessage>> parse_mcp_messages(std::string_view text) {
  const Value value = TRY(
      parse_json(text, {.limits = {.bytes_max = text.size(), .depth_max = mcp_depth_max, .nodes_max = mcp_nodes_max},
                        .refuse_duplicate_keys = true}));
  std::vector<McpMessage> messages;
  if (!value.is_array()) {
    messages.push_back(TRY(read_mcp_message(value)));
    return messages;
  }
  if (value.size() == 0 || value.size() > mcp_batch_max) {
    return Error{Code::exhausted,
                 fmt::format("a list of {} messages; 1 to {} may come at once", value.size(), mcp_batch_max)};
  }
  for (const Value& item : value.items()) messages.push_back(TRY(read_mcp_message(item)));
  return messages;
}

std::string print_mcp_request(std::int64_t id, std::string_view method, const Value& params) {
  return printed({{Text("id"), id}, {Text("method"), method}, {Text("params"), params}});
}

std::string print_mcp_notification(std::string_view method, const Value& params) {
  if (params.is_null()) return printed({{Text("method"), method}});
  return printed({{Text("method"), method}, {Text("params"), params}});
}

std::string print_mcp_result(const Value& id, const Value& result) {
  return printed({{Text("id"), id}, {Text("result"), result}});
}

std::string print_mcp_error(const Value& id, std::int64_t code, std::string_view message) {
  return printed({{Text("id"), id}, {Text("error"), Value::object({{"code", code}, {"message", message}})}});
}

std::string mcp_excerpt(std::string_view text) {
  std::string line(text.substr(0, mcp_excerpt_bytes_max));
  while (const auto bad = find_bad_utf8(line)) line.resize(*bad);
  for (char& byte : line) {
    if (static_cast<unsigned char>(byte) < ' ' || byte == 0x7F) byte = ' ';
  }
  return line;
}

}  // namespace gantry::tool

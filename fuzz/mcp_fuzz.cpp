// What an MCP server sends: a stream of events cut anywhere, messages, and what it says of its tools. No crash, the
// limits hold, and the same bytes mean the same however they are cut. Input: one byte that says where to cut, then the
// stream.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tool/mcp_binding.h"
#include "tool/mcp_client.h"
#include "tool/sse_reader.h"
#include "value/json.h"

namespace {

using namespace gantry;
using namespace gantry::tool;

constexpr std::size_t event_bytes_max = 4'096;

struct Reading {
  std::vector<std::string> events;
  bool ok = true;
  std::string last_id;
  bool operator==(const Reading&) const = default;
};

Reading read_stream(const std::vector<std::string_view>& pieces) {
  Reading reading;
  SseReader reader(event_bytes_max);
  for (const std::string_view piece : pieces) {
    if (!reading.ok) break;
    reading.ok = reader
                     .feed(piece,
                           [&](const SseEvent& event) {
                             if (event.data.size() > event_bytes_max) std::abort();
                             reading.events.push_back(event.type + "\n" + event.data);
                             return true;
                           })
                     .ok();
  }
  reading.last_id = reader.last_id();
  return reading;
}

void read_message(std::string_view text) {
  McpBudget budget;
  budget.deadline = {};
  budget.messages_left = 50;
  std::size_t replies = 0;
  McpListener listener(2, budget, [&](const std::string& reply) {
    ++replies;
    if (!parse_mcp_messages(reply)) std::abort();
    if (reply.find('\n') != std::string::npos) std::abort();
  });
  const bool goes_on = listener.take(text);
  if (replies > 100 || (goes_on && (listener.answer || !listener.broken.empty()))) std::abort();
  if (!listener.answer) return;
  for (const char byte : listener.answer->error_message) {
    if (static_cast<unsigned char>(byte) < ' ') std::abort();
  }
  const Value tools = listener.answer->result.member("tools");
  if (!tools.is_array()) return;
  for (const Value& tool : tools.items()) {
    if (mcp_pin_of(tool) != mcp_pin_of(tool)) std::abort();
    const auto headers = mcp_parameter_headers(tool.member("inputSchema"), tool.member("arguments"));
    if (!headers) continue;
    for (const auto& [name, value] : *headers) {
      if (!is_free_header_name(name) || !is_header_value(value)) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Reading whole = read_stream({stream});
  const std::size_t cut = stream.size() * data[0] / 256;
  if (!(read_stream({stream.substr(0, cut), stream.substr(cut)}) == whole)) std::abort();
  for (const std::string& event : whole.events) read_message(std::string_view(event).substr(event.find('\n') + 1));
  read_message(stream);
  return 0;
}

#include "tool/mcp_http.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "tool/http_outcome.h"
#include "tool/http_request.h"
#include "tool/sse_reader.h"

namespace gantry::tool {
namespace {

using Knowledge = McpFailure::Knowledge;
using Ending = HttpExchangeResult::Ending;

constexpr Duration mcp_connect_timeout = std::chrono::seconds(10);
constexpr Duration farewell_timeout = std::chrono::seconds(2);
constexpr Duration reply_timeout = std::chrono::seconds(5);
constexpr Duration retry_default = std::chrono::seconds(1);
constexpr std::size_t session_bytes_max = 1'024;
constexpr std::size_t http_reply_bytes_max = 64u << 10;
constexpr int resumes_max = 10;

std::string media_type(const HttpExchangeResult& result) {
  std::string type(header_of(result, "content-type"));
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte; });
  return type;
}

// False: the wait was ended by the stop token.
bool paused_for(Duration time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any condition;
  std::unique_lock lock(mutex);
  condition.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

Knowledge knowledge_of(int status) {
  return conclusion_of(status) == Conclusion::unknown ? Knowledge::failed : Knowledge::refused;
}

McpFailure failure_of_status(int status, std::string what) {
  McpFailure failure = mcp_failure(knowledge_of(status), std::move(what), status);
  if (status == 401) failure.kind = "authentication";
  if (status == 403) failure.kind = "authorization";
  return failure;
}

}  // namespace

// One request's answers, over as many connections as it takes.
struct McpHttp::Stream {
  McpListener listener;
  SseReader events;
  std::string body;  // of an answer that is no stream
  bool is_stream = false;
  std::string broken;

  bool take(const HttpExchangeResult& head, std::string_view bytes) {
    is_stream = head.status == 200 && media_type(head) == "text/event-stream";
    if (!is_stream) {
      body += bytes;
      return true;
    }
    bool goes_on = true;
    const Status read = events.feed(bytes, [&](const SseEvent& event) {
      // An event without data only sets the number from which to resume.
      if (event.type == "message" && !event.data.empty()) goes_on = listener.take(event.data);
      return goes_on;
    });
    if (!read) broken = read.error().message;
    return goes_on && read.ok();
  }
};

HttpExchangeRequest McpHttp::prepare(std::string_view method, const McpBudget& budget) const {
  HttpExchangeRequest exchange;
  exchange.method = method;
  exchange.url = endpoint_.route.url.text;
  exchange.headers = endpoint_.headers;
  exchange.headers.emplace_back("User-Agent", "gantry");
  if (method != "DELETE") {
    exchange.headers.emplace_back("Accept",
                                  method == "GET" ? "text/event-stream" : "application/json, text/event-stream");
  }
  if (method == "POST") exchange.headers.emplace_back("Content-Type", "application/json");
  if (!session_.empty()) exchange.headers.emplace_back("Mcp-Session-Id", session_);
  if (!revision_.empty()) exchange.headers.emplace_back("MCP-Protocol-Version", revision_);
  exchange.timeout = budget.remaining();
  exchange.connect_timeout = mcp_connect_timeout;
  exchange.response_bytes_max = budget.bytes_left;
  exchange.may_connect = [this](const NetworkAddress& address) {
    return egress_.may_connect(endpoint_.route, address);
  };
  return exchange;
}

HttpExchangeResult McpHttp::send(HttpExchangeRequest& exchange, Stream& stream, McpBudget& budget) {
  exchange.take_body = [&](const HttpExchangeResult& head, std::string_view bytes) {
    budget.bytes_left -= std::min(budget.bytes_left, bytes.size());
    return stream.take(head, bytes);
  };
  return client_.exchange(exchange, endpoint_.route.overridden ? 1 : 0, budget.stop);
}

std::variant<McpMessage, McpFailure> McpHttp::request(const McpRequest& request, McpBudget& budget) {
  if (budget.remaining() == Duration::zero()) return mcp_failure(Knowledge::not_sent, "no time is left", 504);
  const auto reply = [&](const std::string& text) {
    HttpExchangeRequest exchange = prepare("POST", budget);
    exchange.body = text;
    exchange.timeout = std::min(exchange.timeout, reply_timeout);
    exchange.response_bytes_max = http_reply_bytes_max;
    // What the server says to our no is of no interest.
    (void)client_.exchange(exchange, endpoint_.route.overridden ? 1 : 0, budget.stop);
  };
  Stream stream{.listener = McpListener(request.id, budget, reply),
                .events = SseReader(budget.bytes_left),
                .body = {},
                .broken = {}};
  HttpExchangeRequest exchange = prepare("POST", budget);
  exchange.body = request.text;
  exchange.harmless_to_repeat = request.harmless_to_repeat;
  exchange.headers.insert(exchange.headers.end(), request.headers.begin(), request.headers.end());
  const HttpExchangeResult result = send(exchange, stream, budget);
  if (result.status == 200 && !take_session(result)) {
    return mcp_failure(Knowledge::failed, "the session id is no visible ASCII text of at most 1024 bytes");
  }
  const bool ended_early = result.ending == Ending::complete || result.ending == Ending::broken;
  if (!is_modern() && stream.is_stream && ended_early && !stream.listener.answer && stream.listener.broken.empty() &&
      stream.broken.empty() && !stream.events.last_id().empty()) {
    if (auto failure = resume(stream, budget)) return *std::move(failure);
  }
  return answer_in(result, stream);
}

std::optional<McpFailure> McpHttp::resume(Stream& stream, McpBudget& budget) {
  for (int attempt = 0; attempt < resumes_max && !stream.listener.answer && stream.listener.broken.empty(); ++attempt) {
    const Duration pause = stream.events.retry().value_or(retry_default);
    if (pause >= budget.remaining()) {
      return mcp_failure(Knowledge::unknown, "the stream broke off, and the server wants it opened too late", 504);
    }
    if (!paused_for(pause, budget.stop))
      return mcp_failure(Knowledge::unknown, "given up while waiting to resume", 503);
    HttpExchangeRequest exchange = prepare("GET", budget);
    exchange.headers.emplace_back("Last-Event-ID", stream.events.last_id());
    stream.events.restart();
    const HttpExchangeResult result = send(exchange, stream, budget);
    if (result.status == 200 && !stream.is_stream) return mcp_failure(Knowledge::unknown, "no stream to resume", 502);
    if (result.status != 200 && result.status != 0) {
      return mcp_failure(Knowledge::unknown, fmt::format("the stream can't be resumed: answered {}", result.status));
    }
    if (result.ending != Ending::complete && result.ending != Ending::broken &&
        result.ending != Ending::not_connected) {
      return mcp_failure(Knowledge::unknown, fmt::format("the stream can't be resumed: {}", result.what), 504);
    }
  }
  return std::nullopt;
}

std::variant<McpMessage, McpFailure> McpHttp::answer_in(const HttpExchangeResult& result, Stream& stream) const {
  if (result.status != 0 && !stream.is_stream && result.ending == Ending::complete && !stream.body.empty()) {
    const std::string type = media_type(result);
    if (type == "application/json") {
      // An error that belongs to no request is this one's: nothing else was asked on this connection.
      const auto messages = parse_mcp_messages(stream.body);
      if (messages && messages->size() == 1 && messages->front().kind == McpMessage::Kind::error &&
          messages->front().id.is_null()) {
        return messages->front();
      }
      if (result.status == 200 || messages) stream.listener.take(stream.body);
    } else if (result.status == 200) {
      return mcp_failure(Knowledge::unknown,
                         fmt::format("answered 200 with the content type \"{}\"", mcp_excerpt(type)));
    }
  }
  if (stream.listener.answer) return *stream.listener.answer;
  const std::string& broken = stream.broken.empty() ? stream.listener.broken : stream.broken;
  if (result.status >= 300 || (result.status != 0 && result.status < 200)) {
    const std::string said = mcp_excerpt(redacted(stream.body, endpoint_.secrets));
    return failure_of_status(result.status, said.empty() ? fmt::format("answered {}", result.status)
                                                         : fmt::format("answered {}: {}", result.status, said));
  }
  if (!broken.empty()) return mcp_failure(Knowledge::unknown, broken);
  if (result.ending == Ending::complete) {
    return mcp_failure(Knowledge::unknown, fmt::format("answered {} without an answer to the request", result.status));
  }
  const Unanswered unanswered = describe_unanswered(endpoint_.route.url, result);
  McpFailure failure =
      mcp_failure(result.sent ? Knowledge::unknown : Knowledge::not_sent, unanswered.what, unanswered.status);
  failure.kind = unanswered.kind;
  return failure;
}

bool McpHttp::take_session(const HttpExchangeResult& result) {
  if (is_modern() || !session_.empty()) return true;
  const std::string id = header_of(result, "mcp-session-id");
  const bool valid = id.size() <= session_bytes_max &&
                     std::all_of(id.begin(), id.end(), [](char byte) { return byte > ' ' && byte < 0x7F; });
  if (valid) session_ = id;
  return valid;
}

std::optional<McpFailure> McpHttp::notify(std::string_view text, McpBudget& budget) {
  HttpExchangeRequest exchange = prepare("POST", budget);
  exchange.body = text;
  exchange.harmless_to_repeat = true;
  exchange.response_bytes_max = http_reply_bytes_max;
  const HttpExchangeResult result = client_.exchange(exchange, endpoint_.route.overridden ? 1 : 0, budget.stop);
  if (result.status >= 200 && result.status < 300) return std::nullopt;
  if (result.status != 0) return failure_of_status(result.status, fmt::format("answered {}", result.status));
  return mcp_failure(result.sent ? Knowledge::unknown : Knowledge::not_sent, result.what, 502);
}

void McpHttp::close(McpBudget& budget) {
  if (session_.empty()) return;
  HttpExchangeRequest exchange = prepare("DELETE", budget);
  exchange.timeout = farewell_timeout;  // the time of the call may be up
  exchange.response_bytes_max = http_reply_bytes_max;
  exchange.harmless_to_repeat = true;
  (void)client_.exchange(exchange, endpoint_.route.overridden ? 1 : 0, budget.stop);
  session_.clear();
}

}  // namespace gantry::tool

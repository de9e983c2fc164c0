#include "tool/http_outcome.h"

#include <fmt/format.h>

#include <algorithm>

#include "tool/base64.h"
#include "tool/standard_call.h"
#include "value/json.h"
#include "value/utf8.h"

namespace gantry::tool {
namespace {

using Ending = HttpExchangeResult::Ending;

constexpr std::size_t answer_excerpt_bytes = 300;

bool is_json_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte; });
  return type == "application/json" || type == "text/json" || type.ends_with("+json");
}

// JSON where the answer says so and it is true; else text; else, for bytes that are no text, {base64, mediaType}.
Value content_of(const HttpExchangeResult& exchange) {
  if (exchange.body.empty()) return {};
  const std::string type = header_of(exchange, "content-type");
  if (is_json_type(type)) {
    if (Result<Value> parsed = parse_json(exchange.body)) return *std::move(parsed);
  }
  if (!find_bad_utf8(exchange.body)) return exchange.body;
  return Value::object({{"base64", encode_base64(exchange.body)}, {"mediaType", find_bad_utf8(type) ? "" : type}});
}

// Text from outside for an error message: one line, printable, short.
std::string excerpt_of(const HttpExchangeResult& exchange) {
  std::string text = exchange.body.substr(0, answer_excerpt_bytes);
  while (find_bad_utf8(text)) text.resize(*find_bad_utf8(text));
  for (char& byte : text) {
    if (static_cast<unsigned char>(byte) < ' ' || byte == 0x7F) byte = ' ';
  }
  return text;
}

Value headers_value(const std::vector<std::pair<std::string, std::string>>& headers) {
  std::vector<Member> members;
  for (const auto& [name, value] : headers) {
    if (find_bad_utf8(name) || find_bad_utf8(value)) continue;
    const auto same = std::find_if(members.begin(), members.end(),
                                   [&key = name](const Member& member) { return member.key.view() == key; });
    const std::string text = name == "set-cookie" ? "[redacted]" : value;
    if (same == members.end()) {
      members.push_back({Text(name), text});
    } else {
      same->value = std::string(same->value.as_string()) + ", " + text;
    }
  }
  return Value::object(std::move(members));
}

Value standard_result(const HttpRequest& request, const HttpExchangeResult& exchange) {
  auto sent = request.headers;
  if (request.credential) sent.emplace_back(request.credential->first, "[redacted]");
  Value result = Value::object(
      {{"request",
        Value::object({{"method", request.method}, {"uri", request.url.text}, {"headers", headers_value(sent)}})},
       {"statusCode", exchange.status},
       {"headers", headers_value(exchange.headers)}});
  if (request.wants_raw)
    return std::move(result).with_member("raw", encode_base64(redacted(exchange.body, request.secrets)));
  return std::move(result).with_member("content", content_of(exchange));
}

Outcome unsuccessful(ErrorDetails error, Conclusion conclusion, const Effect& effect, const CallContext& context) {
  // Of a read nothing can be left behind. At a later attempt, "not handled" leaves open what became of the earlier
  // ones.
  const bool certain = is_read(effect.effect_class) || conclusion == Conclusion::refused ||
                       (conclusion == Conclusion::not_handled && context.attempt <= 1);
  return certain ? Outcome::failed_with(std::move(error)) : Outcome::ambiguous_with(std::move(error));
}

ErrorDetails communication_error(const HttpRequest& request, std::int64_t status, std::string_view what,
                                 const Label& label) {
  // The query may hold whatever the arguments hold; the path is enough to find the call.
  const std::string_view uri = std::string_view(request.url.text).substr(0, request.url.text.find('?'));
  ErrorDetails error =
      standard_error("communication", redacted(fmt::format("{} {}: {}", request.method, uri, what), request.secrets));
  error.status = status;
  error.label = label;
  return error;
}

Outcome unanswered(const HttpRequest& request, const HttpExchangeResult& exchange, const Effect& effect,
                   const CallContext& context, const Label& label) {
  const Conclusion conclusion = exchange.sent ? Conclusion::unknown : Conclusion::not_handled;
  const Unanswered what = describe_unanswered(request.url, exchange);
  if (what.kind == "authorization") {
    return unsuccessful(standard_error("authorization", what.what), conclusion, effect, context);
  }
  return unsuccessful(communication_error(request, what.status, what.what, label), conclusion, effect, context);
}

}  // namespace

std::string header_of(const HttpExchangeResult& exchange, std::string_view name) {
  for (const auto& [header, value] : exchange.headers) {
    if (header == name) return value;
  }
  return "";
}

Conclusion conclusion_of(int status) {
  switch (status) {
    case 300:  // none of these redirects is given after the fact
    case 304:
    case 305:
    case 307:
    case 308:
    case 401:
    case 403:
    case 407:
    case 421:
    case 425:
    case 429:
    case 431:
    case 501:
    case 503:
      return Conclusion::not_handled;
    case 408:
      return Conclusion::unknown;
    case 409:  // at a second attempt also: the first is still being worked on
      return Conclusion::not_handled;
    default:
      return status >= 400 && status < 500 ? Conclusion::refused : Conclusion::unknown;
  }
}

Unanswered describe_unanswered(const HttpUrl& url, const HttpExchangeResult& exchange) {
  Unanswered result;
  switch (exchange.ending) {
    case Ending::refused_address:
      return {
          "authorization", 403,
          fmt::format("{} leads to {}, which is not a public address: if that is meant, add the address or its range "
                      "(such as 10.0.0.0/8) to egress.allow in gantry.yaml, or use --host-override",
                      url.host, exchange.what)};
    case Ending::not_connected:
      result.status = 503;
      result.what = fmt::format("not connected: {}", exchange.what);
      break;
    case Ending::timed_out:
      result.status = 504;
      result.what = fmt::format("{}: {}", exchange.sent ? "no answer in time" : "not connected in time", exchange.what);
      break;
    case Ending::stopped:
      result.status = 503;
      result.what = "given up because this program stops or no longer waits";
      break;
    case Ending::too_large:
      result.what = "the answer is larger than allowed";
      break;
    case Ending::broken:
    case Ending::complete:
      result.what = fmt::format("the connection was lost: {}", exchange.what);
      break;
  }
  if (exchange.status != 0) result.what = fmt::format("answered {}, but {}", exchange.status, result.what);
  return result;
}

Outcome outcome_of(const HttpRequest& request, HttpExchangeResult exchange, const Effect& effect,
                   const CallContext& context) {
  Label label;
  const bool standard = context.tool == nullptr;
  if (standard) {
    label = Label::of({.integrity = Integrity::trusted,
                       .secrecy = Secrecy::public_,
                       .sources = {"http:" + request.url.host},
                       .compartments = {}});
  }
  const int status = exchange.status;
  const bool success =
      (status >= 200 && status < 300) || (request.redirect_is_success && status >= 300 && status < 400);
  if (success && exchange.ending == Ending::complete) {
    Value result = standard ? standard_result(request, exchange) : content_of(exchange);
    return Outcome::done_with(redacted(std::move(result), request.secrets).labelled(label));
  }
  // The status of a refusal counts even where the text after it got lost.
  if (status == 0 || success) return unanswered(request, exchange, effect, context, label);
  const std::string excerpt = excerpt_of(exchange);
  const std::string what =
      excerpt.empty() ? fmt::format("answered {}", status) : fmt::format("answered {}: {}", status, excerpt);
  return unsuccessful(communication_error(request, status, what, label), conclusion_of(status), effect, context);
}

Outcome refused_before_sending(const Error& error, const Effect& effect, const CallContext& context) {
  const std::string_view kind = error.code == Code::denied             ? "authorization"
                                : error.code == Code::invalid_argument ? "validation"
                                : error.code == Code::conflict         ? "configuration"
                                                                       : "runtime";
  return unsuccessful(standard_error(kind, fmt::format("{}.{}: {}", effect.tool, effect.operation, error.message)),
                      Conclusion::not_handled, effect, context);
}

}  // namespace gantry::tool

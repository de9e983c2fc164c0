#include "server/cloud_event_request.h"

#include <algorithm>

#include "server/api.h"
#include "tool/base64.h"
#include "value/json.h"
#include "value/utf8.h"

namespace gantry::server {
namespace {

constexpr std::string_view header_prefix = "ce-";

std::string media_type_of(const Request& request) {
  std::string type(request.header("content-type"));
  type.resize(std::min(type.size(), type.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c);
  });
  return type;
}

bool has_attribute_headers(const Request& request) {
  const auto first = request.headers.lower_bound(header_prefix);
  return first != request.headers.end() && first->first.starts_with(header_prefix);
}

// Values may be quoted, and are percent-encoded where they hold more than printable ASCII.
Result<std::string> header_value(const std::string& name, std::string_view text) {
  std::string plain;
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      plain.push_back(text[at]);
    }
  } else {
    plain = text;
  }
  auto decoded = percent_decode(plain, false);
  if (decoded && !find_bad_utf8(*decoded)) return decoded;
  return Error{Code::invalid_argument, "header " + name + ": expected percent-encoded UTF-8"};
}

bool is_json(std::string_view type) {
  return type == "application/json" || type == "text/json" || type.ends_with("+json");
}
bool is_text(std::string_view type) {
  return type.starts_with("text/") || type == "application/xml" || type.ends_with("+xml");
}
bool is_read_as_value(std::string_view type) {
  return type == "application/edifact" || type == "application/yaml" || type == "application/x-yaml";
}

Result<Value> with_data(Value event, const Request& request, const std::string& type) {
  if (request.body.empty()) return event;
  if (is_json(type)) {
    Value data = TRY(parse_json(request.body, {.limits = {}, .refuse_duplicate_keys = true}));
    return std::move(event).with_member("data", std::move(data));
  }
  if (is_read_as_value(type)) return std::move(event).with_member("data", TRY(body_value(request, {})));
  if (is_text(type) && !find_bad_utf8(request.body)) return std::move(event).with_member("data", request.body);
  return std::move(event).with_member("data_base64", tool::encode_base64(request.body));
}

Result<Value> binary_event(const Request& request, const std::string& type) {
  Value event = Value::object(std::vector<Member>{});
  for (auto header = request.headers.lower_bound(header_prefix);
       header != request.headers.end() && header->first.starts_with(header_prefix); ++header)
    event = std::move(event).with_member(header->first.substr(header_prefix.size()),
                                         TRY(header_value(header->first, header->second)));
  if (!type.empty()) event = std::move(event).with_member("datacontenttype", request.header("content-type"));
  return with_data(std::move(event), request, type);
}

}  // namespace

Result<std::vector<Value>> cloud_events_of(const Request& request) {
  const std::string type = media_type_of(request);
  const bool says_structured = type.starts_with("application/cloudevents");
  if (!says_structured && has_attribute_headers(request)) return std::vector<Value>{TRY(binary_event(request, type))};
  const bool is_batch = type == "application/cloudevents-batch+json";
  const bool is_plain = type.empty() || type == "application/json";
  if (!is_batch && !is_plain && type != "application/cloudevents+json") {
    return Error{Code::invalid_argument,
                 "content type " + type.substr(0, 100) +
                     ": expected application/cloudevents+json, application/cloudevents-batch+json, or the event's "
                     "attributes in headers ce-specversion, ce-id, ce-source, ce-type"};
  }
  Value body = TRY(parse_json(request.body, {.limits = {}, .refuse_duplicate_keys = true}));
  if (is_batch && !body.is_array())
    return Error{Code::invalid_argument,
                 std::string("a batch of CloudEvents is a JSON array, found ") + body.kind_name()};
  if (body.is_array() && (is_batch || is_plain)) return std::move(body).take_items();
  return std::vector<Value>{std::move(body)};
}

}  // namespace gantry::server

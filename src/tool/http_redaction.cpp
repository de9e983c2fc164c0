#include "tool/http_request.h"

namespace gantry::tool {
namespace {

constexpr std::string_view redaction_mark = "[redacted]";
// Shorter texts occur by chance; replacing them would only damage the answer.
constexpr std::size_t redacted_bytes_min = 4;

}  // namespace

std::string redacted(std::string text, const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (secret.size() < redacted_bytes_min) continue;
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + redaction_mark.size())) {
      text.replace(at, secret.size(), redaction_mark);
    }
  }
  return text;
}

Value redacted(Value value, const std::vector<std::string>& secrets) {
  if (secrets.empty()) return value;
  if (value.is_string()) {
    std::string clean = redacted(std::string(value.as_string()), secrets);
    return clean == value.as_string() ? value : Value(clean);
  }
  if (value.is_array()) {
    std::vector<Value> items;
    items.reserve(value.size());
    for (const Value& item : value.items()) items.push_back(redacted(item, secrets));
    return Value::array(std::move(items));
  }
  if (!value.is_object()) return value;
  std::vector<Member> members;
  members.reserve(value.size());
  for (const Member& member : value.members()) {
    members.push_back({Text(redacted(std::string(member.key.view()), secrets)), redacted(member.value, secrets)});
  }
  return Value::object(std::move(members));
}

}  // namespace gantry::tool

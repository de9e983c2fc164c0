#include "engine/error.h"

namespace gantry::engine {

namespace {

struct StandardError {
  const char* kind;
  std::int64_t status;
};

StandardError standard_error(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::configuration:
      return {"configuration", 400};
    case ErrorKind::validation:
      return {"validation", 400};
    case ErrorKind::expression:
      return {"expression", 400};
    case ErrorKind::authorization:
      return {"authorization", 403};
    case ErrorKind::timeout:
      return {"timeout", 408};
    case ErrorKind::communication:
      return {"communication", 500};
    case ErrorKind::runtime:
      return {"runtime", 500};
  }
  return {"runtime", 500};
}

bool text_matches(const std::optional<std::string>& expected, const Value& error, std::string_view key) {
  if (!expected) return true;
  const Value* found = error.find(key);
  return found != nullptr && found->is_string() && found->as_string() == *expected;
}

}  // namespace

Value make_error(ErrorKind kind, std::string_view title, std::string_view detail, std::string_view instance,
                 Label label) {
  const StandardError standard = standard_error(kind);
  return Value::object({{"type", definition::standard_error_type(standard.kind)},
                        {"status", standard.status},
                        {"title", title},
                        {"detail", Value(detail).labelled(label)},
                        {"instance", instance}});
}

Value complete_error(const Value& error, ErrorKind kind, std::string_view title, std::string_view instance) {
  const StandardError standard = standard_error(kind);
  if (!error.is_object()) {
    const std::string detail = error.is_string() ? std::string(error.as_string()) : std::string();
    return make_error(kind, title, detail, instance, error.label());
  }
  Value result = error;
  if (!result.member("type").is_string()) {
    result = std::move(result).with_member("type", definition::standard_error_type(standard.kind));
  }
  if (!result.member("status").is_integer()) result = std::move(result).with_member("status", standard.status);
  if (!result.member("title").is_string()) result = std::move(result).with_member("title", title);
  return std::move(result).with_member("instance", instance);
}

bool matches(const definition::ErrorFilter& filter, const Value& error) {
  if (filter.type && definition::error_kind(error.string_or("type", "")) != *filter.type) return false;
  if (filter.status) {
    const Value* status = error.find("status");
    if (status == nullptr || !status->is_integer() || status->as_integer() != *filter.status) return false;
  }
  return text_matches(filter.title, error, "title") && text_matches(filter.detail, error, "detail") &&
         text_matches(filter.instance, error, "instance");
}

}  // namespace gantry::engine

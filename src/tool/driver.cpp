#include "tool/driver.h"

#include <fmt/format.h>

namespace gantry::tool {
namespace {

struct ErrorKind {
  std::string_view kind, title;
  std::int64_t status;
};
// The standard's kinds that a driver gives, with its statuses.
constexpr ErrorKind error_kinds[] = {
    {"configuration", "The tool is not set up for this call", 400},
    {"validation", "The arguments do not fit the call", 400},
    {"authentication", "The other system did not accept who we are", 401},
    {"authorization", "The call is not permitted", 403},
    {"timeout", "The call took too long", 408},
    {"communication", "The other system could not be reached or refused", 500},
    {"runtime", "The call failed", 500},
};

}  // namespace

bool Driver::can_begin(const Effect&, const CallContext&) const {
  return false;
}

// For drivers that always say no above.
void Driver::begin(Begun begun) {
  std::vector<Finished> finished;
  finished.push_back(
      {std::move(begun.errand), Outcome::failed_with(standard_error("runtime", "this driver begins nothing"))});
  begun.receiver->take(std::move(finished));
}

Value to_value(const ErrorDetails& error) {
  return Value::object(
             {{"type", error.type}, {"title", error.title}, {"status", error.status}, {"detail", error.detail}})
      .labelled(error.label);
}

ErrorDetails standard_error(std::string_view kind, std::string detail) {
  ErrorDetails error;
  error.type = definition::standard_error_type(kind);
  error.detail = std::move(detail);
  for (const ErrorKind& known : error_kinds) {
    if (known.kind != kind) continue;
    error.title = known.title;
    error.status = known.status;
  }
  return error;
}

}  // namespace gantry::tool

#include <fmt/format.h>

#include "gate/gate.h"
#include "gate/reading.h"

namespace gantry::gate {
namespace {

Result<definition::VerdictKind> parse_verdict_kind(std::string_view name) {
  for (const auto kind :
       {definition::VerdictKind::allow, definition::VerdictKind::approve, definition::VerdictKind::deny}) {
    if (name == definition::name_of(kind)) return kind;
  }
  return Error{Code::invalid_argument,
               fmt::format("verdict: /kind: expected allow, approve or deny, found \"{}\"", name)};
}

}  // namespace

Value to_value(const Verdict& verdict) {
  return Value::object({
      {"kind", definition::name_of(verdict.kind)},
      {"rule", verdict.rule},
      {"reason", verdict.reason},
      {"policy", verdict.policy},
      {"effect", verdict.effect},
      {"tool", verdict.tool},
      {"approvers", requirements_value(verdict.approvers)},
      {"requesterExcluded", verdict.requester_excluded},
      {"expires", format_duration(verdict.expires)},
  });
}

Result<Verdict> verdict_from(const Value& value) {
  const FieldReader fields{"verdict", value};
  Verdict verdict;
  const std::string kind = TRY(fields.text("kind"));
  verdict.kind = TRY(parse_verdict_kind(kind));
  verdict.rule = TRY(fields.text("rule"));
  verdict.reason = TRY(fields.text("reason"));
  verdict.policy = TRY(fields.text("policy"));
  verdict.effect = TRY(fields.text("effect"));
  verdict.tool = TRY(fields.text("tool"));
  verdict.approvers = TRY(fields.requirements("approvers"));
  verdict.requester_excluded = TRY(fields.boolean("requesterExcluded"));
  const std::string expires = TRY(fields.text("expires"));
  verdict.expires = TRY(parse_duration(expires));
  return verdict;
}

}  // namespace gantry::gate

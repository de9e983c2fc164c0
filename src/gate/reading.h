// Reads the JSON forms of verdicts and approvals, with errors that name the field. Private to the gate.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "definition/policy.h"
#include "value/value.h"

namespace gantry::gate {

// Reads members of one object. `what` names it in errors; both must outlive the reader.
struct FieldReader {
  std::string_view what;
  const Value& value;

  Result<std::string> text(std::string_view key) const;
  Result<bool> boolean(std::string_view key) const;
  Result<Timestamp> timestamp(std::string_view key) const;
  Result<std::vector<std::string>> texts(std::string_view key) const;
  Result<std::vector<definition::ApproverRequirement>> requirements(std::string_view key) const;
  Result<const std::vector<Value>*> array(std::string_view key) const;

 private:
  Error expected(std::string_view key, std::string_view kind) const;
};

Value requirements_value(const std::vector<definition::ApproverRequirement>& requirements);
Value texts_value(const std::vector<std::string>& texts);

}  // namespace gantry::gate

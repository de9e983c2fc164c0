// What can be seen of a jq condition without running it: the facts it names, and the terms of its outermost `and`.
// It reads the text as tokens, not as a tree: what it can't be sure of it leaves out. Private to definition/.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "definition/policy.h"

namespace gantry::definition {

struct UnknownFact {
  std::string name;
  std::size_t offset = 0;  // bytes from the start of the text
};

struct ConditionScan {
  std::vector<FactPath> paths;          // each once, sorted
  std::vector<std::string_view> terms;  // of the outermost `and`; empty when there are not at least two
  std::optional<UnknownFact> unknown;   // a name that is no fact, read where the input is certainly the facts
};
ConditionScan scan_condition(std::string_view text);

// The names at the top of the facts, sorted.
const std::vector<std::string_view>& fact_names();

}  // namespace gantry::definition

// Who has to say yes to something: used by policies and by `call: approval`.
#pragma once

#include <cstddef>
#include <string>

namespace gantry::definition {

// `count` different people who hold `role`. One person counts for one requirement only.
struct ApproverRequirement {
  std::string role;
  std::size_t count = 1;
  bool operator==(const ApproverRequirement&) const = default;
};

}  // namespace gantry::definition

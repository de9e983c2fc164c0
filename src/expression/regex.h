// Regular expressions by Oniguruma, with a limit on retries so that no pattern can run away.
#pragma once

#include <string>
#include <vector>

#include "expression/machine.h"

namespace gantry::expression {

struct Match {
  struct Group {
    std::ptrdiff_t begin = -1;  // bytes; -1 = did not take part
    std::ptrdiff_t end = -1;
    std::string name;
  };
  std::size_t begin = 0;  // bytes
  std::size_t end = 0;
  std::vector<Group> groups;
};

// `flags` is null or a string of g i x s n p l. `global` asks for all matches also without the flag.
Got find_matches(Machine& machine, const Value& input, const Value& pattern, const Value& flags, bool global,
                 std::vector<Match>& matches);
// {name: text} of the named groups.
Value captures_of(std::string_view text, const Match& match);

}  // namespace gantry::expression

// What may become part of an instance's state. Tasks can nest and double a value without end (`set: {a: "${ [., .] }"}`
// in a loop), and shared structure hides how large it has become until somebody prints it. So every computed value is
// measured as it would be written out, and refused when it is too deep or too large. NaN and infinity, which have no
// form in JSON, become what they are printed as: null and the largest number. A state is then the same whether it was
// computed or read back.
#pragma once

#include <cstddef>
#include <unordered_map>

#include "value/value.h"

namespace gantry::engine {

struct ValueLimits {
  std::size_t depth_max = 1'000;      // arrays and objects within each other
  std::size_t bytes_max = 64u << 20;  // 16 for each value, and the bytes of strings and keys
};

// One turn, one thread. Remembers large parts that it has measured, so that what tasks only pass on costs nothing.
class Admission {
 public:
  explicit Admission(const ValueLimits& limits) : limits_(limits) {}

  // The value as it may be kept. Errors: exhausted, naming the limit.
  Result<Value> admit(Value value);

 private:
  struct Extent {
    std::size_t depth = 0;
    std::size_t bytes = 0;
    bool is_finite = true;
    bool is_whole = true;  // false: measuring stopped at a limit
  };
  struct Measured {
    Value value;  // keeps the node alive, so that its address is not used again
    Extent extent;
  };

  Extent measure(const Value& value, std::size_t level);
  Extent measure_items(const Value& value, std::size_t level);

  ValueLimits limits_;
  std::unordered_map<const void*, Measured> known_;  // by address of the list of items or members
};

}  // namespace gantry::engine

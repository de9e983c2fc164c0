// A string value that is nearly always the same one as the last time: made anew only when it is not. For texts that
// come in each step of an instance, such as the digest of the policies in force. One thread.
#pragma once

#include <string_view>

#include "value/value.h"

namespace gantry {

class RecurringText {
 public:
  const Value& of(std::string_view text) {
    if (!last_.is_string() || last_.as_string() != text) last_ = Value(text);
    return last_;
  }

 private:
  Value last_;
};

}  // namespace gantry

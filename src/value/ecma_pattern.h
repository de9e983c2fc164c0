// Regular expressions as JSON Schema wants them: ECMA 262 with the "u" flag, matched on code points. They are
// translated to Oniguruma's syntax; steps and memory of a match are limited. Differences that remain: a back reference
// to a group that took no part fails (ECMA: matches nothing).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gantry {

class EcmaPattern {
 public:
  enum class Outcome { no_match, match, too_expensive };

  // Errors: invalid_argument with what is wrong and at which byte.
  static Result<EcmaPattern> compile(std::string_view pattern);
  // Whether the pattern matches anywhere in the text. Any thread.
  Outcome search(std::string_view text) const;

 private:
  explicit EcmaPattern(std::shared_ptr<void> regex) : regex_(std::move(regex)) {}
  std::shared_ptr<void> regex_;  // Oniguruma's regex_t, immutable
};

// The same language in Oniguruma's syntax (ONIG_SYNTAX_ONIGURUMA with ONIG_OPTION_CAPTURE_GROUP).
Result<std::string> ecma_to_oniguruma(std::string_view pattern);

}  // namespace gantry

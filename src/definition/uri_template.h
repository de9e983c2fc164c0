// RFC 6570 simple string expansion, as the standard allows it for endpoints: "{name}" is replaced by the member
// `name` of the task's input, percent-encoded. Only top-level members: "{a.b}" is the member called "a.b". What is
// missing or null becomes the empty string; a list or an object is an error, as the standard asks.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "value/value.h"

namespace gantry::definition {

// The text, labelled with the join of the labels of all members that were put in. Errors: invalid_argument.
Result<Value> expand_uri_template(std::string_view uri_template, const Value& input);
// The arguments of `call: http` with their endpoint (text, or an object with `uri`) expanded on the task's input. Call
// it only when CallTask::expands_endpoint: text that came out of an expression is not expanded again.
Result<Value> with_expanded_endpoint(Value arguments, const Value& input);
// What is wrong with the text as a template ("'{' without '}'"), else done.
Status check_uri_template(std::string_view uri_template);
// The first name in braces that has a dot in it, which some take for a way into the value; empty when there is none.
std::string_view dotted_name(std::string_view uri_template);

// All bytes but letters, digits and "-._~" become %XX.
std::string percent_encoded(std::string_view text);

}  // namespace gantry::definition

// Errors of a workflow as the standard has them: RFC 7807 problem details as a Value
// {type, status, title, detail, instance}, where `instance` is the reference of the task ("/do/0/raiseError").
#pragma once

#include <string>
#include <string_view>

#include "definition/workflow.h"

namespace gantry::engine {

// The standard's kinds of errors, with the standard's status.
enum class ErrorKind { configuration, validation, expression, authorization, timeout, communication, runtime };

// `title` is one phrase that is the same for each occurrence, `detail` is about this one. Both may hold data of the
// instance: give `label` the join of what they were made from.
Value make_error(ErrorKind kind, std::string_view title, std::string_view detail, std::string_view instance,
                 Label label = {});

// An error from outside (a driver, a child workflow): what is missing or of the wrong type is filled in from `kind`;
// `instance` is always the given one.
Value complete_error(const Value& error, ErrorKind kind, std::string_view title, std::string_view instance);

// Whether the error has all the properties that the filter asks for.
bool matches(const definition::ErrorFilter& filter, const Value& error);

}  // namespace gantry::engine

// What an effect's tool and operation mean: those of the project's tools, and the one that is built in, the standard's
// `call: http` (tool "http", operation "request"), which no project may redefine.
#pragma once

#include <string_view>

#include "definition/project.h"
#include "tool/effect.h"

namespace gantry::tool {

inline constexpr std::string_view standard_http_tool = "http";
inline constexpr std::string_view standard_http_operation_name = "request";

// Arguments {method, endpoint, headers?, query?, body?, output?, redirect?}; see docs/reference/http.md.
const definition::Operation& standard_http_operation();

// Null when there is no such tool or operation. Valid as long as the project.
const definition::Operation* find_operation(const definition::Project& project, std::string_view tool,
                                            std::string_view operation);

// The class of the operation; for the standard's call it follows from the method: GET, HEAD and OPTIONS are
// egress_read, DELETE is destroy, all else is write.
definition::EffectClass class_of_call(const definition::Operation& operation, std::string_view tool,
                                      const Value& arguments);

// Of the tool's definition; all zeros for the standard's call.
Digest tool_digest_of(const definition::Project& project, std::string_view tool);

// Fills class, irreversible and digest from the definitions; the other fields are set already.
// Errors: not_found for an unknown tool or operation.
Status complete_effect(Effect& effect, const definition::Project& definitions);

// What tells nothing but reads: repeating it is harmless, and a lost answer is a plain failure.
inline bool is_read(definition::EffectClass effect_class) {
  return effect_class == definition::EffectClass::read || effect_class == definition::EffectClass::egress_read;
}

}  // namespace gantry::tool

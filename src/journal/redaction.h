// What is left of an event when its content is erased. Pure. The rule drops what it does not know, so that a member
// that is added later is erased until somebody decides otherwise.
#pragma once

#include <optional>
#include <string_view>

#include "journal/event.h"

namespace gantry::journal {

inline constexpr std::string_view erased_text = "[erased]";

// Ids, names of workflows, tools, tasks and decisions, states, verdicts, and who acted stay. Inputs, arguments,
// results, answers, titles, comments, contexts, keys and all digests of content (which could be guessed from) go.
Value redact_content(EventType type, const Value& data);

// Every text that contains `text` becomes "[erased]"; the names above stay. With `digests`, digests of content go, too.
// Nothing when nothing changes.
std::optional<Value> redact_text(EventType type, const Value& data, std::string_view text, bool digests);

}  // namespace gantry::journal

// The labels of what comes in from outside: the requests that start runs, and events.
#pragma once

#include "definition/principal.h"
#include "definition/project.h"

namespace gantry::gate {

// A request is its author's own words: trusted and public, unless policies say otherwise for the workflow, for one of
// the requester's roles, or for a field. A text with pasted parts (pasted_text.h) is untrusted, with the source
// "pasted"; the requester's own words in it still count as requested.
Value labelled_request(Value input, const definition::Project& policies, const definition::WorkflowName& workflow,
                       const definition::Principal& requester);

// A CloudEvent from outside is untrusted and confidential unless policies say otherwise for its type and sender: whoever
// may send events is not thereby trusted with what they say.
Value labelled_event(Value event, const definition::Project* policies, const definition::Principal& sender);

// What a person answers is as good as what only we can write, source "answer:PERSON"; a text with pasted parts is
// untrusted.
Value labelled_answer(Value answer, const std::string& person);

}  // namespace gantry::gate

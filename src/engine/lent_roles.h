// Roles that somebody was lent by people who hold them: the delegations of the policies in force, and the tokens that
// say who holds what. For the engine, which counts votes, and for whoever shows tasks.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "definition/project.h"
#include "journal/store.h"

namespace gantry::engine {

// The delegations to `person` that count at `now` (gate/delegation.h). A lender holds the roles of their tokens that are
// neither revoked nor expired. `tokens` is asked only where the project has delegations; `project` may be null. Errors:
// those of `tokens`.
Result<std::vector<definition::Delegation>> lent_roles(
    const definition::ProjectPointer& project, const std::string& person, Timestamp now,
    const std::function<Result<std::vector<journal::TokenRecord>>()>& tokens);

}  // namespace gantry::engine

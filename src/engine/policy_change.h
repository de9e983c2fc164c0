// A change of policy is an effect like others: the tool `policy` with the operation `change`, called by a workflow of
// Gantry's own, so that it passes the gate, can be approved by people, and is journaled. See docs/reference/policy.md.
#pragma once

#include <memory>
#include <string_view>

#include "definition/project.h"
#include "engine/inbox.h"
#include "tool/driver.h"

namespace gantry::engine {

inline constexpr std::string_view policy_change_driver = "gantry-policy";

// The tool and the workflow. Loaded once; any thread.
definition::ProjectPointer policy_change_project();

// Of all that the gate stands on: policies, definitions of tools and the documents that they are made from, the settings
// of the project (egress, secrets): whatever is not what runs under the gate. What a tool says of its class, labels and
// authority decides as much as a rule does.
std::string governed_digest(const definition::Project& project);
bool changes_the_gate(const definition::Project& current, const definition::Project& next);

// Makes the project that the effect names the newest, through the engine's inbox.
std::shared_ptr<tool::Driver> make_policy_change_driver(std::shared_ptr<Inbox> inbox);

// What approvers are shown: {project, base, from, to, changes: {added, removed, changed: ["policy/rule"...], files: [...]}}.
Value describe_change(const definition::Project& current, const definition::Project& next);

}  // namespace gantry::engine

// All drivers that the program has, and what they say about definitions before anything runs.
#pragma once

#include "definition/project.h"
#include "tool/driver.h"

namespace gantry::tool {

// By the names that a tool's `driver` may have.
Drivers standard_drivers(HttpOptions http);

// For definition::load_project: each tool's driver exists and agrees with the tool's settings and bindings, each entry
// of egress.allow means something. Keeps the drivers alive. The checks of standard_drivers({}) are those of every
// project: they don't depend on the options.
definition::ProjectChecks project_checks(Drivers drivers);
definition::ProjectChecks standard_checks();

}  // namespace gantry::tool

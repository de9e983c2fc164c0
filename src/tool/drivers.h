// All drivers that the program has, and what they say about definitions before anything runs.
#pragma once

#include "definition/project.h"
#include "tool/driver.h"

namespace gantry::tool {

struct DriverOptions {
  HttpOptions http;             // its egress list and secrets are those of the other drivers, too
  std::string directory = ".";  // of the project: relative paths in a tool's settings start here
  std::string journal;          // file of the journal's database, where it is one: no tool may open it
};
std::shared_ptr<Driver> make_sql_driver(const DriverOptions& options);
std::shared_ptr<Driver> make_file_driver(const DriverOptions& options);
std::shared_ptr<Driver> make_process_driver(const DriverOptions& options);
std::shared_ptr<Driver> make_mail_driver(const DriverOptions& options);

// By the names that a tool's `driver` may have.
Drivers standard_drivers(const DriverOptions& options);

// For definition::load_project: each tool's driver exists and agrees with the tool's settings and bindings, each entry
// of egress.allow means something. Keeps the drivers alive. The checks of standard_drivers({}) are those of every
// project: they don't depend on the options.
definition::ProjectChecks project_checks(Drivers drivers);
definition::ProjectChecks standard_checks();

}  // namespace gantry::tool

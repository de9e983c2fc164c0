// What an instance runs under, and where it is found by digest: an instance that has moved to another version has run
// under others before.
#pragma once

#include <memory>
#include <string>

#include "definition/project.h"
#include "value/value.h"

namespace gantry::engine {

struct Definitions {
  definition::ProjectPointer project;
  std::shared_ptr<const definition::Workflow> workflow;
};

class DefinitionSource {
 public:
  virtual ~DefinitionSource() = default;
  // By digest. Errors: not_found; conflict when its files no longer load.
  virtual Result<definition::ProjectPointer> project(const std::string& digest) = 0;
};

// `data` is that of instance_started, instance_migrated or migration_undone, or a snapshot. Errors: those of the source;
// conflict when the workflow there has another digest.
Result<Definitions> find_definitions(DefinitionSource& source, const std::string& instance, const Value& data);

}  // namespace gantry::engine

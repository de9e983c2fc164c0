#include "engine/definitions.h"

#include <fmt/format.h>

#include "engine/record_data.h"

namespace gantry::engine {

Result<Definitions> find_definitions(DefinitionSource& source, const std::string& instance, const Value& data) {
  const Pin pin = TRY(pin_from(data));
  Definitions found;
  found.project = TRY(source.project(pin.project));
  found.workflow = found.project->find_workflow(pin.workflow.namespace_, pin.workflow.name, pin.workflow.version);
  if (found.workflow && found.workflow->digest.hex() == pin.workflow_digest) return found;
  return Error{Code::conflict, fmt::format("instance {}: workflow {} in its project has another digest", instance,
                                           pin.workflow.text())};
}

}  // namespace gantry::engine

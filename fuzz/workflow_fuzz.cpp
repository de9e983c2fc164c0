// Any bytes as a workflow file: it loads or has problems, each with a place and a message, and never ends the program.
// A file that loads gives the same project again from the files that the project keeps.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>

#include "definition/project.h"

using namespace gantry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 65536) return 0;
  auto result = definition::load_single_workflow("w.yaml", std::string(reinterpret_cast<const char*>(data), size));
  if (auto* problems = std::get_if<definition::Problems>(&result)) {
    if (problems->empty()) std::abort();
    for (const auto& problem : *problems)
      if (problem.message.empty() || problem.place.line < 1 || problem.place.column < 1) std::abort();
    return 0;
  }
  const auto& project = std::get<definition::ProjectPointer>(result);
  auto again = definition::load_project(project->files);
  auto* second = std::get_if<definition::ProjectPointer>(&again);
  if (!second || (*second)->digest != project->digest) std::abort();
  return 0;
}

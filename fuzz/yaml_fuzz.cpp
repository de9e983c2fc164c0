// YAML text: no crash, limits hold, and JSON means the same to both readers.
#include <cstdlib>

#include "value/pointer.h"
#include "value/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  gantry::ParseLimits limits{.bytes_max = 1 << 16, .depth_max = 40, .nodes_max = 5000};
  auto result = gantry::parse_yaml(text, limits);
  auto* document = std::get_if<gantry::YamlDocument>(&result);
  if (!document) {
    const auto& error = std::get<gantry::YamlError>(result);
    if (error.message.empty() || error.place.line < 1 || error.place.column < 1) std::abort();
    return 0;
  }
  for (const auto& [pointer, places] : document->source.places)
    if (!gantry::at_pointer(document->root, pointer).ok() || places.value.line < 1 || places.key.column < 1)
      std::abort();
  // What we print is JSON, which is YAML.
  auto again = gantry::parse_yaml(gantry::print_json(document->root));
  if (!std::holds_alternative<gantry::YamlDocument>(again) ||
      !(std::get<gantry::YamlDocument>(again).root == document->root))
    std::abort();
  return 0;
}

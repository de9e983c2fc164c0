// A JSON array of a schema and an instance: compiling and validating must end, and a value must fit its own "const".
#include <cstdlib>

#include "value/json.h"
#include "value/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  auto input = gantry::parse_json({reinterpret_cast<const char*>(data), size},
                                  {.limits = {.bytes_max = 1 << 14, .depth_max = 60}});
  if (!input.ok() || !input->is_array() || input->size() != 2) return 0;
  const gantry::Value& instance = *input->find(std::size_t{1});
  auto schema = gantry::Schema::compile(*input->find(std::size_t{0}));
  if (!schema.ok()) {
    if (schema.error().message.empty()) std::abort();
    return 0;
  }
  auto violations = schema->validate(instance);
  if (violations.size() > 21) std::abort();
  std::string text = gantry::describe(violations);
  if (violations.empty() != text.empty()) std::abort();
  auto constant = gantry::Schema::compile(gantry::Value::object({{"const", instance}}));
  if (!constant.ok() || !constant->validate(instance).empty()) std::abort();
  return 0;
}

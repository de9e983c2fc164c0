// JSON text: whatever is accepted must print to text that reads back as the same value, in every layout.
#include <cstdlib>

#include "value/json.h"
#include "value/stored.h"

namespace {

void expect(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto value = gantry::parse_json(text);
  auto strict =
      gantry::parse_json(text, {.limits = {.depth_max = 20, .nodes_max = 1000}, .refuse_duplicate_keys = true});
  if (strict.ok()) expect(value.ok() && *strict == *value);
  if (auto stored = gantry::parse_stored(text); stored.ok()) {
    auto again = gantry::parse_stored(gantry::print_stored(*stored));
    expect(again.ok() && *again == *stored && again->deep_label() == stored->deep_label());
  }
  if (!value.ok()) return 0;
  std::string compact = gantry::print_json(*value), canonical = gantry::print_canonical(*value);
  auto from_compact = gantry::parse_json(compact);
  auto from_pretty = gantry::parse_json(gantry::print_json_pretty(*value));
  auto from_canonical = gantry::parse_json(canonical);
  expect(from_compact.ok() && *from_compact == *value && gantry::print_json(*from_compact) == compact);
  expect(from_pretty.ok() && *from_pretty == *value);
  expect(from_canonical.ok() && *from_canonical == *value && gantry::print_canonical(*from_canonical) == canonical);
  expect(gantry::compare(*value, *from_canonical) == 0);
  return 0;
}

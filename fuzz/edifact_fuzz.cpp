// The EDIFACT reader on any bytes: no crash, the same result whole and in pieces, and JSON that can be read back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tool/edifact.h"
#include "value/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte says how the rest is cut into pieces.
  const std::size_t piece = data[0] % 17 + 1;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);

  const auto whole = gantry::tool::read_edifact(text);
  gantry::tool::EdifactReader reader;
  bool refused = false;
  for (std::size_t at = 0; at < text.size() && !refused; at += piece) refused = !reader.feed(text.substr(at, piece));
  const auto pieces = reader.finish();
  if (whole.ok() != pieces.ok()) std::abort();
  if (!whole) return 0;

  const std::string json = gantry::print_json(*whole);
  if (json != gantry::print_json(*pieces)) std::abort();
  const auto again = gantry::parse_json(json);
  if (!again || !(*again == *whole)) std::abort();
  return 0;
}

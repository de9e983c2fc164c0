// CSV: what is accepted is a list of objects that all have the same keys; written again with every field quoted, it
// reads as the same value.
#include <cstdlib>
#include <string>

#include "value/csv.h"

namespace {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char letter : text) {
    if (letter == '"') result += '"';
    result += letter;
  }
  return result + "\"";
}

template <class Members, class Pick>
std::string row(const Members& members, Pick pick) {
  std::string line;
  for (const gantry::Member& member : members) line += (line.empty() ? "" : ",") + quoted(pick(member));
  return line + "\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto value = gantry::parse_csv(text, {.nodes_max = 100'000});
  if (!value.ok() || value->size() == 0) return 0;
  std::string again =
      row(value->items().front().members(), [](const gantry::Member& member) { return member.key.view(); });
  for (const gantry::Value& record : value->items())
    again += row(record.members(), [](const gantry::Member& member) { return member.value.as_string(); });
  auto second = gantry::parse_csv(again);
  if (!second.ok() || !(*second == *value)) std::abort();
  return 0;
}

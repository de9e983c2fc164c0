// For tests of the EDIFACT reader: a bay plan of one container in parts, and short words for what was read.
#pragma once

#include <gmock/gmock.h>

#include "tool/edifact.h"
#include "value/json.h"

namespace gantry::tool {

inline const std::string plan_start =
    "UNB+UNOA:2+SENDER+RECIPIENT+261123:0600+77'"
    "UNH+1+BAPLIE:D:95B:UN:SMDG20'"
    "BGM++4711+9'"
    "DTM+137:2611230600:201'"
    "TDT+20+042W+++XYZ:172:20+++9VAB1:103:ZZZ:MV EXAMPLE'"
    "LOC+5+NLRTM:139:6'"
    "LOC+61+DEHAM:139:6'"
    "RFF+VON:042W'";
inline const std::string one_container =
    "LOC+147+0010082::5'"
    "MEA+WT++KGM:23200'"
    "LOC+9+NLRTM:139:6'"
    "LOC+11+DEHAM:139:6'"
    "RFF+BM:1'"
    "EQD+CN+IPXU 3013510+22G1+++5'"
    "NAD+CA+XYZ:172:20'";
inline const std::string plan_end = "UNT+15+1'UNZ+1+77'";

inline Value read(std::string_view text) {
  auto result = read_edifact(text);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
  return result.ok() ? *result : Value();
}
inline const Value& message_of(const Value& document, std::size_t index = 0) {
  return *document.find("messages")->find(index);
}
inline const Value& container_of(const Value& document, std::size_t index = 0) {
  return *message_of(document).find("containers")->find(index);
}
inline std::int64_t count_of(const Value& document, std::string_view name) {
  return document.find("counts")->integer_or(name, -1);
}
inline std::string problems_of(const Value& document) {
  return print_json(*document.find("problems"));
}

}  // namespace gantry::tool

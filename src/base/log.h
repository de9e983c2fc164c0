// One line per event, key=value, to stderr. Never secrets, never payloads. Control characters in values are escaped, so
// that hostile text can't forge a line.
#pragma once

#include <string>
#include <string_view>

namespace gantry {

enum class LogLevel { debug, info, warning, error, off };  // off: as a level to set
void set_log_level(LogLevel level);
void log(LogLevel level, std::string_view message);
// ` name=value`, the value quoted where it has blanks, control characters escaped, cut at 300 bytes.
std::string log_field(std::string_view name, std::string_view value);

}  // namespace gantry

#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace gantry {
namespace {

spdlog::logger& logger() {
  static auto instance = [] {
    auto created = spdlog::stderr_logger_mt("gantry");
    created->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    return created;
  }();
  return *instance;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
    case LogLevel::off: return spdlog::level::off;
  }
  return spdlog::level::info;
}

}  // namespace

void set_log_level(LogLevel level) { logger().set_level(to_spdlog(level)); }
void log(LogLevel level, std::string_view message) { logger().log(to_spdlog(level), spdlog::string_view_t(message.data(), message.size())); }

std::string log_field(std::string_view name, std::string_view value) {
  std::string text = fmt::format(" {}=", name);
  bool quoted = value.empty() || value.find_first_of(" \"=") != std::string_view::npos;
  if (quoted) text.push_back('"');
  for (char letter : value.substr(0, 300)) {
    auto code = static_cast<unsigned char>(letter);
    if (code < 0x20 || code == 0x7f)
      text += fmt::format("\\x{:02x}", code);
    else if (letter == '"' || letter == '\\')
      text.append({'\\', letter});
    else
      text.push_back(letter);
  }
  if (value.size() > 300) text += "...";
  if (quoted) text.push_back('"');
  return text;
}

}  // namespace gantry

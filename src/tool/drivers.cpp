#include "tool/drivers.h"

#include <fmt/format.h>

#include "definition/reader.h"
#include "tool/http_binding.h"
#include "tool/http_egress.h"
#include "tool/http_url.h"
#include "tool/mcp_driver.h"

namespace gantry::tool {
namespace {

using definition::ProjectChecks;

// A driver's problem is "pointer: message"; the pointer's last part is said, since the key may be missing.
ProjectChecks::Finding finding_of(const std::string& problem) {
  const std::size_t colon = std::min(problem.find(": "), problem.size());
  std::string pointer = problem.substr(0, colon);
  std::string message = colon == problem.size() ? problem : problem.substr(colon + 2);
  const std::string key = pointer.substr(std::min(pointer.rfind('/'), pointer.size() - 1) + 1);
  return {pointer, fmt::format("'{}': {}", key, message)};
}

std::vector<ProjectChecks::Finding> check_tool(const Drivers& drivers, const definition::Tool& tool) {
  const auto driver = drivers.find(tool.driver);
  if (driver == drivers.end()) {
    std::vector<std::string_view> names;
    for (const auto& [name, unused] : drivers) names.push_back(name);
    return {{"/driver", fmt::format("no driver '{}'{}", tool.driver, definition::suggestion(tool.driver, names))}};
  }
  std::vector<ProjectChecks::Finding> findings;
  for (const std::string& problem : driver->second->check(tool)) findings.push_back(finding_of(problem));
  return findings;
}

}  // namespace

Drivers standard_drivers(const DriverOptions& options) {
  return {{"echo", make_echo_driver()},
          {"edifact", make_edifact_driver()},
          {"file", make_file_driver(options)},
          {"http", make_http_driver(options.http)},
          {"mcp", make_mcp_driver(options.http)},
          {"mail", make_mail_driver(options)},
          {"process", make_process_driver(options)},
          {"sql", make_sql_driver(options)}};
}

definition::ProjectChecks project_checks(Drivers drivers) {
  return {.tool = [drivers = std::move(drivers)](const definition::Tool& tool) { return check_tool(drivers, tool); },
          .egress_entry =
              [](std::string_view entry) {
                const Result<EgressRule> rule = parse_egress_rule(entry);
                return rule ? std::string() : rule.error().message;
              },
          .http_uri =
              [](std::string_view uri) {
                const Result<HttpUrl> url = parse_url(uri);
                return url ? std::string() : url.error().message;
              },
          .http_header = [](std::string_view name, const Value& value) -> std::string {
            if (!is_free_header_name(name)) return fmt::format("the header '{}' can't be set here", name.substr(0, 60));
            if (value.is_string() && !is_header_value(value.as_string()))
              return fmt::format("the header '{}' is one line of at most 8 KiB", name.substr(0, 60));
            return {};
          }};
}

definition::ProjectChecks standard_checks() {
  return project_checks(standard_drivers({}));
}

}  // namespace gantry::tool

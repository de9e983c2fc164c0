#include <fmt/format.h>

#include <filesystem>

#include "tool/base64.h"
#include "tool/drivers.h"
#include "tool/process_binding.h"
#include "tool/sandbox.h"
#include "value/json.h"
#include "value/utf8.h"

namespace gantry::tool {
namespace {

constexpr std::size_t errors_shown_bytes = 500;

// Text of a process for an error message: one line, printable, short.
std::string shown(const std::string& text) {
  std::string line = repaired_utf8(std::string_view(text).substr(0, errors_shown_bytes));
  for (char& byte : line)
    if (static_cast<unsigned char>(byte) < ' ' || byte == 0x7F) byte = ' ';
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

Result<Value> output_value(const std::string& bytes, ProcessBinding::Output output) {
  switch (output) {
    case ProcessBinding::Output::text:
      if (!find_bad_utf8(bytes)) return Value(bytes);
      return Error{Code::invalid_argument, "the output is no UTF-8 text; take it with 'output: base64'"};
    case ProcessBinding::Output::json: {
      Result<Value> value = parse_json(bytes);
      return value ? value : Error{Code::invalid_argument, "the output is no JSON: " + value.error().message};
    }
    case ProcessBinding::Output::base64:
      return Value::object({{"base64", encode_base64(bytes)}});
  }
  return Value();
}

class ProcessDriver final : public Driver {
 public:
  explicit ProcessDriver(std::string directory) : directory_(std::move(directory)) {}

  std::vector<std::string> check(const definition::Tool& tool) const override { return check_process_tool(tool); }

  // A sandboxed process changes nothing outside, so a call that did not succeed has certainly had no effect.
  Outcome call(Permit permit, const CallContext& context) override {
    const Effect& effect = permit.effect();
    if (context.tool == nullptr || context.operation == nullptr)
      return Outcome::failed_with(standard_error("configuration", "the process driver was called without an operation"));
    const auto failed = [&](std::string_view kind, const std::string& text) {
      return Outcome::failed_with(standard_error(kind, fmt::format("{}.{}: {}", effect.tool, effect.operation, text)));
    };
    const Result<ProcessSettings> settings = read_process_settings(context.tool->settings);
    const Result<ProcessBinding> binding = read_process_binding(context.operation->binding);
    if (!settings || !binding) return failed("configuration", (settings ? binding.error() : settings.error()).message);
    if (!sandbox_problem().empty()) return failed("configuration", "not run, because there is no sandbox: " + sandbox_problem());
    const Result<SandboxRequest> request = request_for(*settings, *binding, effect, context);
    if (!request) return failed("validation", request.error().message);
    const SandboxResult result = run_in_sandbox(*request);
    if (result.ending == SandboxResult::Ending::exited && result.status == 0) {
      const Result<Value> value = output_value(result.output, binding->output);
      return value ? Outcome::done_with(*value) : failed("runtime", value.error().message);
    }
    return failed_run(*settings, result, failed);
  }

 private:
  Result<SandboxRequest> request_for(const ProcessSettings& settings, const ProcessBinding& binding, const Effect& effect,
                                     const CallContext& context) const {
    SandboxRequest request;
    request.command = TRY(process_command(binding, effect.arguments));
    request.stdin_text = TRY(process_stdin(binding, effect.arguments));
    if (binding.json == ProcessBinding::Json::file) request.arguments_text = print_json(effect.arguments) + "\n";
    for (const auto& [inside, outside] : settings.read)
      request.read[inside] = std::filesystem::absolute(std::filesystem::path(directory_) / outside).lexically_normal().string();
    request.environment = settings.environment;
    request.timeout = settings.timeout;
    request.memory_bytes_max = settings.memory_bytes_max;
    request.processes_max = settings.processes_max;
    request.files_bytes_max = settings.files_bytes_max;
    request.output_bytes_max = static_cast<std::size_t>(settings.output_bytes_max);
    request.stop = context.stop;
    return request;
  }

  template <class Failed>
  static Outcome failed_run(const ProcessSettings& settings, const SandboxResult& result, const Failed& failed) {
    switch (result.ending) {
      case SandboxResult::Ending::exited:
        return failed("runtime", fmt::format("exit status {}{}{}", result.status, result.errors.empty() ? "" : ": ", shown(result.errors)));
      case SandboxResult::Ending::timed_out:
        return failed("timeout", fmt::format("not finished within {} (settings.timeout)", format_duration(settings.timeout)));
      case SandboxResult::Ending::too_much_output:
        return failed("runtime", fmt::format("more than {} bytes of output (settings.output)", settings.output_bytes_max));
      case SandboxResult::Ending::stopped:
        return failed("communication", "given up because this program stops or no longer waits");
      case SandboxResult::Ending::not_started:
        break;
    }
    return failed("configuration", "not started: " + shown(result.errors));
  }

  const std::string directory_;
};

}  // namespace

std::shared_ptr<Driver> make_process_driver(const DriverOptions& options) {
  return std::make_shared<ProcessDriver>(options.directory);
}

}  // namespace gantry::tool

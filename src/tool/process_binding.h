// The process driver's own part of a tool's definition. Form and meaning: docs/reference/process.md.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "definition/tool.h"

namespace gantry::tool {

struct ProcessSettings {
  Duration timeout = definition::tool_timeout_default;
  std::int64_t memory_bytes_max = 512 << 20;  // address space of one process
  std::int64_t processes_max = 64;            // and threads
  std::int64_t output_bytes_max = 1 << 20;
  std::int64_t files_bytes_max = 64 << 20;  // in /tmp, all together
  std::map<std::string, std::string> read;  // path inside -> path outside, read only
  std::map<std::string, std::string> environment;
};

struct ProcessBinding {
  struct Word {
    std::string text;
    bool is_argument = false;  // `text` names it
  };
  enum class Json { none, stdin_, file };
  enum class Output { text, json, base64 };
  std::vector<Word> command;  // the first is the absolute path of the program
  std::string stdin_argument;
  Json json = Json::none;  // where all arguments go, as one JSON object
  Output output = Output::text;
};

// Where `json: file` puts the arguments.
inline constexpr const char* process_arguments_path = "/arguments.json";

// Errors: invalid_argument, "/pointer: message" with the pointer inside `settings` or `binding`.
Result<ProcessSettings> read_process_settings(const Value& settings);
Result<ProcessBinding> read_process_binding(const Value& binding);

std::vector<std::string> check_process_tool(const definition::Tool& tool);

// The words of the command for these arguments. Errors: invalid_argument: no text, number or boolean; U+0000; a text
// that starts with '-' where the command has no "--" before it.
Result<std::vector<std::string>> process_command(const ProcessBinding& binding, const Value& arguments);
// What the process reads on its standard input.
Result<std::string> process_stdin(const ProcessBinding& binding, const Value& arguments);

}  // namespace gantry::tool

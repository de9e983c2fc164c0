#include "tool/process_binding.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tool/part_reader.h"
#include "value/json.h"
#include "value/pointer.h"

namespace gantry::tool {
namespace {

constexpr std::size_t process_words_max = 256;
constexpr std::size_t process_word_bytes_max = 64u << 10;
constexpr std::size_t process_mounts_max = 32;

// A path inside the sandbox that is free: absolute, plain, and not where the system or the sandbox has its own.
bool is_free_inside(std::string_view path) {
  static constexpr std::array taken = {"/proc", "/dev",   "/sys",   "/tmp",    "/usr", "/bin", "/sbin",
                                       "/lib",  "/lib32", "/lib64", "/libx32", "/etc", "/run", process_arguments_path};
  if (!path.starts_with('/') || path.size() < 2 || path.size() > 255 || path.ends_with('/')) return false;
  if (path.find("//") != std::string_view::npos || path.find('\0') != std::string_view::npos) return false;
  if ((std::string(path) + "/").find("/.") != std::string::npos) return false;
  const std::string_view first = path.substr(0, path.find('/', 1));
  return std::find(taken.begin(), taken.end(), first) == taken.end();
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && name.size() <= 100 && name != "PATH" && name != "HOME" &&
         std::all_of(name.begin(), name.end(), [](char byte) {
           return (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_';
         });
}

Result<std::map<std::string, std::string>> text_map(const PartReader& reader, std::string_view key,
                                                    bool (*is_key)(std::string_view), std::string_view what) {
  std::map<std::string, std::string> texts;
  const Value* object = reader.find(key);
  if (object == nullptr) return texts;
  if (!object->is_object() || object->size() > process_mounts_max)
    return wrong_part(reader.pointer(key),
                      fmt::format("expected an object with at most {} members", process_mounts_max));
  for (const Member& member : object->members()) {
    const std::string at = fmt::format("{}/{}", reader.pointer(key), pointer_token(member.key.view()));
    if (!is_key(member.key.view())) return wrong_part(at, what);
    if (!member.value.is_string() || member.value.size() == 0 ||
        member.value.as_string().find('\0') != std::string_view::npos)
      return wrong_part(at, "expected text that is not empty");
    texts.emplace(member.key.view(), member.value.as_string());
  }
  return texts;
}

Result<ProcessBinding::Word> read_word(const Value& value, const std::string& pointer) {
  if (value.is_string() && value.size() > 0 && value.as_string().find('\0') == std::string_view::npos)
    return ProcessBinding::Word{.text = std::string(value.as_string())};
  const Value* argument = value.is_object() && value.size() == 1 ? value.find("argument") : nullptr;
  if (argument == nullptr || !argument->is_string() || argument->size() == 0)
    return wrong_part(pointer, "expected text, or {argument: NAME}");
  return ProcessBinding::Word{.text = std::string(argument->as_string()), .is_argument = true};
}

Result<std::vector<ProcessBinding::Word>> read_command(const PartReader& reader) {
  std::vector<ProcessBinding::Word> command;
  const Value* list = reader.find("command");
  if (list == nullptr || !list->is_array() || list->size() == 0 || list->size() > process_words_max)
    return wrong_part("/command", fmt::format("expected a list of 1 to {} words", process_words_max));
  for (std::size_t index = 0; index < list->items().size(); ++index)
    command.push_back(TRY(read_word(list->items()[index], fmt::format("/command/{}", index))));
  if (command.front().is_argument || !command.front().text.starts_with('/'))
    return wrong_part("/command/0", "expected the absolute path of the program, as it is in the sandbox");
  return command;
}

void check_process_operation(const definition::Operation& operation, const ProcessBinding& binding,
                             std::vector<std::string>& problems) {
  const std::string pointer = binding_pointer(operation.name);
  std::vector<std::string> used;
  for (const ProcessBinding::Word& word : binding.command)
    if (word.is_argument) used.push_back(word.text);
  check_argument_names(operation, used, pointer + "/command", problems);
  if (!binding.stdin_argument.empty()) {
    check_argument_names(operation, {binding.stdin_argument}, pointer + "/stdin", problems);
    used.push_back(binding.stdin_argument);
  }
  if (binding.json != ProcessBinding::Json::none) return;
  for (const std::string& name : argument_names(operation))
    if (std::find(used.begin(), used.end(), name) == used.end())
      problems.push_back(fmt::format("{}/command: the binding has no place for the argument \"{}\"", pointer, name));
}

Result<std::string> word_text(const Value& value, std::string_view name) {
  std::string text;
  if (value.is_string())
    text = value.as_string();
  else if (value.is_boolean() || value.is_number())
    text = print_json(value);
  else
    return Error{Code::invalid_argument, fmt::format("argument /{}: expected text, a number or a boolean", name)};
  if (text.find('\0') != std::string::npos || text.size() > process_word_bytes_max)
    return Error{Code::invalid_argument,
                 fmt::format("argument /{}: at most {} bytes and no U+0000 in a word", name, process_word_bytes_max)};
  return text;
}

}  // namespace

Result<ProcessSettings> read_process_settings(const Value& settings) {
  const auto reader =
      TRY(PartReader::open(settings, "", {"timeout", "memory", "processes", "output", "files", "read", "environment"}));
  ProcessSettings result;
  result.timeout = TRY(reader.duration_or("timeout", result.timeout, std::chrono::hours(1)));
  result.memory_bytes_max = TRY(reader.integer_or("memory", result.memory_bytes_max, 16 << 20, std::int64_t{1} << 40));
  result.processes_max = TRY(reader.integer_or("processes", result.processes_max, 1, 4'096));
  result.output_bytes_max = TRY(reader.integer_or("output", result.output_bytes_max, 1, 64 << 20));
  result.files_bytes_max = TRY(reader.integer_or("files", result.files_bytes_max, 4'096, std::int64_t{1} << 32));
  result.read = TRY(text_map(reader, "read", is_free_inside,
                             "expected an absolute path that is free in the sandbox, such as /scripts"));
  result.environment = TRY(text_map(reader, "environment", is_variable_name,
                                    "expected a name of capital letters, digits and '_', not PATH or HOME"));
  return result;
}

Result<ProcessBinding> read_process_binding(const Value& binding) {
  const auto reader = TRY(PartReader::open(binding, "", {"command", "stdin", "json", "output"}));
  ProcessBinding result;
  result.command = TRY(read_command(reader));
  result.stdin_argument = TRY(reader.text_or("stdin", ""));
  if (reader.has("json")) {
    const std::size_t json = TRY(reader.choice("json", {"stdin", "file"}));
    result.json = json == 0 ? ProcessBinding::Json::stdin_ : ProcessBinding::Json::file;
  }
  if (result.json == ProcessBinding::Json::stdin_ && !result.stdin_argument.empty())
    return wrong_part("/json", "'stdin' holds one argument already");
  const std::size_t output = TRY(reader.choice("output", {"text", "json", "base64"}));
  result.output = static_cast<ProcessBinding::Output>(output);
  return result;
}

std::vector<std::string> check_process_tool(const definition::Tool& tool) {
  std::vector<std::string> problems;
  if (const auto settings = read_process_settings(tool.settings); !settings)
    problems.push_back("/settings" + settings.error().message);
  for (const auto& [name, operation] : tool.operations) {
    const Result<ProcessBinding> binding = read_process_binding(operation.binding);
    if (binding)
      check_process_operation(operation, *binding, problems);
    else
      problems.push_back(binding_pointer(name) + binding.error().message);
  }
  return problems;
}

Result<std::vector<std::string>> process_command(const ProcessBinding& binding, const Value& arguments) {
  std::vector<std::string> command;
  bool options_ended = false;
  for (const ProcessBinding::Word& word : binding.command) {
    if (!word.is_argument) {
      options_ended = options_ended || word.text == "--";
      command.push_back(word.text);
      continue;
    }
    const Value* value = arguments.find(word.text);
    if (value == nullptr)
      return Error{Code::invalid_argument,
                   fmt::format("argument /{}: it is part of the command and may not be missing", word.text)};
    std::string text = TRY(word_text(*value, word.text));
    if (text.starts_with('-') && !options_ended)
      return Error{Code::invalid_argument,
                   fmt::format("argument /{}: what starts with '-' would be an option; put \"--\" before it in the "
                               "command, or pass it on stdin",
                               word.text)};
    command.push_back(std::move(text));
  }
  return command;
}

Result<std::string> process_stdin(const ProcessBinding& binding, const Value& arguments) {
  if (binding.json == ProcessBinding::Json::stdin_) return print_json(arguments);
  if (binding.stdin_argument.empty()) return std::string();
  const Value* value = arguments.find(binding.stdin_argument);
  if (value == nullptr || value->is_null()) return std::string();
  return value->is_string() ? std::string(value->as_string()) : print_json(*value);
}

}  // namespace gantry::tool

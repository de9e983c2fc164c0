#include "tool/file_binding.h"

#include <fmt/format.h>

#include <algorithm>

#include "tool/part_reader.h"
#include "tool/standard_call.h"

namespace gantry::tool {
namespace {

using Action = FileBinding::Action;

bool has_content(Action action) {
  return action == Action::write || action == Action::append;
}

void check_file_operation(const definition::Operation& operation, const FileBinding& binding,
                          std::vector<std::string>& problems) {
  const std::string pointer = binding_pointer(operation.name);
  const bool reads = binding.action == Action::read || binding.action == Action::list;
  if (reads != is_read(operation.effect_class))
    problems.push_back(fmt::format("{}/action: it does not fit the class {}", pointer,
                                   definition::name_of(operation.effect_class)));
  if (binding.action == Action::append && operation.idempotency == definition::Idempotency::key)
    problems.push_back(fmt::format("/operations/{}/idempotency: appending twice is not appending once; use readBack or none", operation.name));
  std::vector<std::string> used = binding.path.names();
  check_argument_names(operation, used, pointer + "/path", problems);
  if (has_content(binding.action)) check_argument_names(operation, {binding.content}, pointer + "/content", problems);
  used.push_back(binding.content);
  for (const std::string& name : argument_names(operation))
    if (std::find(used.begin(), used.end(), name) == used.end())
      problems.push_back(fmt::format("{}/path: the binding has no place for the argument \"{}\"", pointer, name));
}

}  // namespace

Result<FileSettings> read_file_settings(const Value& settings) {
  const auto reader = TRY(PartReader::open(settings, "", {"directory", "bytes", "entries", "labels"}));
  FileSettings result;
  result.directory = TRY(reader.text("directory"));
  if (result.directory.find('\0') != std::string::npos) return wrong_part("/directory", "expected the path of a directory");
  result.bytes_max = TRY(reader.integer_or("bytes", result.bytes_max, 1, 64 << 20));
  result.entries_max = TRY(reader.integer_or("entries", result.entries_max, 1, 10'000));
  const std::size_t labels = TRY(reader.choice("labels", {"keep", "ignore"}));
  result.keeps_labels = labels == 0;
  return result;
}

Result<FileBinding> read_file_binding(const Value& binding) {
  const auto reader = TRY(PartReader::open(binding, "", {"action", "path", "content", "format", "exists"}));
  FileBinding result;
  TRY(reader.text("action"));
  const std::size_t action = TRY(reader.choice("action", {"read", "write", "append", "list", "delete"}));
  result.action = static_cast<Action>(action);
  if (result.action != Action::list || reader.has("path")) {
    const std::string text = TRY(reader.text("path"));
    Result<FilePathTemplate> path = parse_file_path(text);
    if (!path) return wrong_part("/path", path.error().message);
    result.path = *std::move(path);
  }
  if (!has_content(result.action) && reader.has("content")) return wrong_part("/content", "only write and append have it");
  if (has_content(result.action)) result.content = TRY(reader.text_or("content", "content"));
  if (reader.has("format") && !has_content(result.action) && result.action != Action::read)
    return wrong_part("/format", "only read, write and append have it");
  const std::size_t format = TRY(reader.choice("format", {"text", "json", "base64"}));
  result.format = static_cast<FileBinding::Format>(format);
  if (reader.has("exists") && result.action != Action::write) return wrong_part("/exists", "only write has it");
  const std::size_t exists = TRY(reader.choice("exists", {"refuse", "replace"}));
  result.replaces = exists == 1;
  return result;
}

std::vector<std::string> check_file_tool(const definition::Tool& tool) {
  std::vector<std::string> problems;
  if (const auto settings = read_file_settings(tool.settings); !settings)
    problems.push_back("/settings" + settings.error().message);
  for (const auto& [name, operation] : tool.operations) {
    const Result<FileBinding> binding = read_file_binding(operation.binding);
    if (binding)
      check_file_operation(operation, *binding, problems);
    else
      problems.push_back(binding_pointer(name) + binding.error().message);
  }
  return problems;
}

}  // namespace gantry::tool

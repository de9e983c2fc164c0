#include "cli/input.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/output.h"
#include "tool/edifact.h"
#include "value/json.h"
#include "value/yaml.h"

namespace gantry::cli {
namespace {

constexpr std::size_t file_bytes_max = 256u << 20;

Result<std::string> read_stream(std::istream& stream, const std::string& name) {
  std::string bytes;
  char chunk[65536];
  while (stream.read(chunk, sizeof chunk) || stream.gcount() > 0) {
    bytes.append(chunk, static_cast<std::size_t>(stream.gcount()));
    if (bytes.size() > file_bytes_max) return Error{Code::exhausted, name + ": larger than 256 MiB"};
  }
  return bytes;
}

bool has_suffix(std::string_view name, std::string_view suffix) {
  return name.size() >= suffix.size() && name.substr(name.size() - suffix.size()) == suffix;
}

std::string format_of(std::string_view bytes, std::string_view name) {
  if (has_suffix(name, ".json")) return "json";
  if (has_suffix(name, ".yaml") || has_suffix(name, ".yml")) return "yaml";
  if (has_suffix(name, ".edi") || has_suffix(name, ".edifact")) return "edifact";
  std::size_t start = bytes.find_first_not_of(" \t\r\n");
  std::string_view head = start == std::string_view::npos ? std::string_view() : bytes.substr(start, 4);
  if (head.starts_with("UNA") || head == "UNB+" || head == "UNH+") return "edifact";
  return !head.empty() && (head[0] == '{' || head[0] == '[' || head[0] == '"') ? "json" : "yaml";
}

Error with_name(const std::string& name, const Error& error) { return {error.code, name + ": " + error.message}; }

}  // namespace

Result<std::string> read_file(const std::string& path) {
  if (path == "-") return read_stream(std::cin, "standard input");
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return Error{Code::invalid_argument, path + ": is a directory; expected a file"};
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Code::not_found, path + ": can't be read; does it exist?"};
  return read_stream(file, path);
}

Result<Value> read_document(std::string_view bytes, const std::string& name, const std::string& format) {
  std::string chosen = format.empty() ? format_of(bytes, name) : format;
  if (chosen == "json") {
    auto value = parse_json(bytes);
    return value ? value : with_name(name, value.error());
  }
  if (chosen == "edifact") {
    auto value = tool::read_edifact(bytes);
    return value ? value : with_name(name, value.error());
  }
  if (chosen == "yaml") {
    auto parsed = parse_yaml(bytes);
    if (const auto* error = std::get_if<YamlError>(&parsed))
      return Error{Code::invalid_argument, name + ":" + std::to_string(error->place.line) + ":" + std::to_string(error->place.column) + ": " + error->message};
    return std::get<YamlDocument>(std::move(parsed)).root;
  }
  return Error{Code::invalid_argument, "the format '" + chosen + "' is not supported; expected json, yaml or edifact"};
}

Result<Value> read_input(const std::string& argument, const Value& fallback) {
  if (argument.empty()) return fallback;
  if (argument == "-" || argument[0] == '@') {
    std::string path = argument == "-" ? argument : argument.substr(1);
    std::string bytes = TRY(read_file(path));
    return read_document(bytes, path == "-" ? "standard input" : path, "");
  }
  auto value = parse_json(argument);
  if (!value) return Error{value.error().code, "--input: " + value.error().message + " (write @FILE to read a file)"};
  return value;
}

Result<std::map<std::string, std::string>> read_host_overrides(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> overrides;
  for (const std::string& pair : pairs) {
    std::size_t equals = pair.find('=');
    bool complete = equals != std::string::npos && pair.starts_with("http") && pair.substr(equals + 1).starts_with("http");
    if (!complete)
      return Error{Code::invalid_argument, "--host-override: expected FROM=TO with two origins like https://api.example=http://127.0.0.1:8080, found '" + pair + "'"};
    overrides[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return overrides;
}

Result<definition::ProjectPointer> read_project(const std::string& directory) {
  auto files = definition::read_project_files(directory);
  if (const auto* problems = std::get_if<definition::Problems>(&files)) {
    print_problems(*problems, {}, directory);
    return Error{Code::invalid_argument, "the project in '" + directory + "' can't be read"};
  }
  definition::SourceFiles sources = std::get<definition::SourceFiles>(std::move(files));
  auto project = definition::load_project(sources);
  if (const auto* problems = std::get_if<definition::Problems>(&project)) {
    print_problems(*problems, sources, directory);
    return Error{Code::invalid_argument, "the project in '" + directory + "' has " + std::to_string(problems->size()) + " problem(s)"};
  }
  return std::get<definition::ProjectPointer>(project);
}

Result<std::map<std::string, std::string>> read_secrets(const definition::Project& project, const std::string& directory) {
  std::map<std::string, std::string> secrets;
  for (const auto& [name, path] : project.settings.secret_files) {
    std::string full = (std::filesystem::path(directory) / path).string();
    auto text = read_file(full);
    if (!text) return Error{text.error().code, "secret '" + name + "': " + text.error().message};
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    secrets[name] = std::move(*text);
  }
  return secrets;
}

void print_problems(const definition::Problems& problems, const definition::SourceFiles& files, const std::string& directory) {
  for (definition::Problem problem : problems) {
    auto source = files.find(problem.path);
    if (!directory.empty()) problem.path = (std::filesystem::path(directory) / problem.path).lexically_normal().string();
    note(definition::format(problem));
    if (source == files.end()) continue;
    std::string_view text = source->second;
    for (int line = 1; line < problem.place.line && !text.empty(); ++line)
      text.remove_prefix(std::min(text.size(), text.find('\n') == std::string_view::npos ? text.size() : text.find('\n') + 1));
    std::string_view shown = text.substr(0, text.find('\n'));
    if (shown.empty() || shown.size() > 200) continue;
    note("    " + std::string(shown));
    note("    " + std::string(static_cast<std::size_t>(std::max(0, problem.place.column - 1)), ' ') + "^");
  }
}

std::string login_name() {
  const passwd* entry = getpwuid(getuid());
  return entry ? entry->pw_name : "unknown";
}

}  // namespace gantry::cli

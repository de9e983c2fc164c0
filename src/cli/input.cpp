#include "cli/input.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/output.h"
#include "definition/excerpt.h"
#include "tool/drivers.h"
#include "tool/edifact.h"
#include "value/csv.h"
#include "value/json.h"
#include "value/yaml.h"

namespace gantry::cli {
namespace {

// What the readers of JSON and CSV take at most; EDIFACT is read piece by piece and has its own limit.
constexpr std::size_t file_bytes_max = 64u << 20;
constexpr std::size_t piece_bytes = 64u << 10;

// Calls `take` with the stream's bytes, piece by piece.
template <class Take>
Status read_pieces(std::istream& stream, Take&& take) {
  std::string piece(piece_bytes, '\0');
  while (stream.read(piece.data(), static_cast<std::streamsize>(piece.size())) || stream.gcount() > 0)
    TRY(take(std::string_view(piece).substr(0, static_cast<std::size_t>(stream.gcount()))));
  return done();
}

Result<std::string> read_stream(std::istream& stream, const std::string& name) {
  std::string bytes;
  TRY(read_pieces(stream, [&](std::string_view piece) -> Status {
    if (bytes.size() + piece.size() > file_bytes_max) return Error{Code::exhausted, name + ": larger than 64 MiB"};
    bytes.append(piece);
    return done();
  }));
  return bytes;
}

bool has_suffix(std::string_view name, std::string_view suffix) {
  return name.size() >= suffix.size() && name.substr(name.size() - suffix.size()) == suffix;
}

std::string format_of(std::string_view bytes, std::string_view name) {
  if (has_suffix(name, ".json")) return "json";
  if (has_suffix(name, ".yaml") || has_suffix(name, ".yml")) return "yaml";
  if (has_suffix(name, ".csv")) return "csv";
  if (has_suffix(name, ".xes")) return "xes";
  if (has_suffix(name, ".edi") || has_suffix(name, ".edifact")) return "edifact";
  std::size_t start = bytes.find_first_not_of(" \t\r\n");
  std::string_view head = start == std::string_view::npos ? std::string_view() : bytes.substr(start, 4);
  if (head.starts_with("UNA") || head == "UNB+" || head == "UNH+") return "edifact";
  return !head.empty() && (head[0] == '{' || head[0] == '[' || head[0] == '"') ? "json" : "yaml";
}

Error with_name(const std::string& name, const Error& error) {
  return {error.code, name + ": " + error.message};
}

Result<Value> read_document(std::string_view bytes, const std::string& name, const std::string& format) {
  std::string chosen = format.empty() ? format_of(bytes, name) : format;
  if (chosen == "json") {
    auto value = parse_json(bytes, {.limits = {}, .refuse_duplicate_keys = true});
    return value ? value : with_name(name, value.error());
  }
  if (chosen == "edifact") {
    auto value = tool::read_edifact(bytes);
    return value ? value : with_name(name, value.error());
  }
  if (chosen == "yaml") {
    auto parsed = parse_yaml(bytes);
    if (const auto* error = std::get_if<YamlError>(&parsed))
      return Error{Code::invalid_argument, name + ":" + std::to_string(error->place.line) + ":" +
                                               std::to_string(error->place.column) + ": " + error->message};
    return std::get<YamlDocument>(std::move(parsed)).root;
  }
  if (chosen == "csv") {
    auto value = parse_csv(bytes);
    return value ? value : Error{value.error().code, name + ":" + value.error().message};
  }
  if (chosen == "xes")
    return Error{Code::invalid_argument, name + ": XES is not supported yet; expected json, yaml, csv or edifact"};
  return Error{Code::invalid_argument, "the format '" + chosen + "' is not known; expected json, yaml, csv or edifact"};
}

Status open_file(const std::string& path, std::ifstream& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return Error{Code::invalid_argument, path + ": is a directory; expected a file"};
  file.open(path, std::ios::binary);
  if (!file) return Error{Code::not_found, path + ": can't be read; does it exist?"};
  return done();
}

// The first bytes decide on the format where the name does not; the rest of EDIFACT is never held as a whole.
Result<Value> read_document_stream(std::istream& stream, const std::string& name, const std::string& format) {
  std::string head(16, '\0');
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(stream.gcount()));
  const std::string chosen = format.empty() ? format_of(head, name) : format;
  if (chosen != "edifact") {
    std::string bytes = TRY(read_stream(stream, name));
    return read_document(head + bytes, name, chosen);
  }
  tool::EdifactReader reader;
  Status read = reader.feed(head);
  if (read) read = read_pieces(stream, [&](std::string_view piece) { return reader.feed(piece); });
  Result<Value> value = read ? reader.finish() : Result<Value>(read.error());
  return value ? value : with_name(name, value.error());
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  if (path == "-") return read_stream(std::cin, "standard input");
  std::ifstream file;
  TRY(open_file(path, file));
  return read_stream(file, path);
}

Result<Value> read_document_file(const std::string& path, const std::string& format) {
  if (path == "-") return read_document_stream(std::cin, "standard input", format);
  std::ifstream file;
  TRY(open_file(path, file));
  return read_document_stream(file, path, format);
}

Result<Value> read_input(const std::string& argument, const Value& fallback) {
  if (argument.empty()) return fallback;
  if (argument == "-" || argument[0] == '@') {
    return read_document_file(argument == "-" ? argument : argument.substr(1), "");
  }
  auto value = parse_json(argument, {.limits = {}, .refuse_duplicate_keys = true});
  if (!value) return Error{value.error().code, "--input: " + value.error().message + " (write @FILE to read a file)"};
  return value;
}

Result<std::map<std::string, std::string>> read_host_overrides(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> overrides;
  for (const std::string& pair : pairs) {
    std::size_t equals = pair.find('=');
    bool complete =
        equals != std::string::npos && pair.starts_with("http") && pair.substr(equals + 1).starts_with("http");
    if (!complete)
      return Error{
          Code::invalid_argument,
          "--host-override: expected FROM=TO with two origins like https://api.example=http://127.0.0.1:8080, found '" +
              pair + "'"};
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
  auto project = definition::load_project(sources, tool::standard_checks());
  if (const auto* problems = std::get_if<definition::Problems>(&project)) {
    print_problems(*problems, sources, directory);
    return Error{Code::invalid_argument,
                 "the project in '" + directory + "' has " + std::to_string(problems->size()) + " problem(s)"};
  }
  auto loaded = std::get<definition::ProjectPointer>(project);
  print_problems(loaded->warnings, sources, directory);
  return loaded;
}

void print_problems(const definition::Problems& problems, const definition::SourceFiles& files,
                    const std::string& directory) {
  for (definition::Problem problem : problems) {
    auto source = files.find(problem.path);
    if (!directory.empty())
      problem.path = (std::filesystem::path(directory) / problem.path).lexically_normal().string();
    note(definition::format(problem));
    if (source == files.end()) continue;
    if (std::string lines = definition::excerpt(source->second, problem.place); !lines.empty()) note(lines);
  }
}

std::string login_name() {
  const passwd* entry = getpwuid(getuid());
  return entry ? entry->pw_name : "unknown";
}

}  // namespace gantry::cli

// The file driver's own part of a tool's definition. Form and meaning: docs/reference/file.md.
#pragma once

#include "definition/tool.h"
#include "tool/file_path.h"

namespace gantry::tool {

struct FileSettings {
  std::string directory;             // as written
  std::int64_t bytes_max = 1 << 20;  // of one file
  std::int64_t entries_max = 1'000;  // of one list
  bool keeps_labels = true;
};

struct FileBinding {
  enum class Action { read, write, append, list, remove } action = Action::read;
  enum class Format { text, json, base64 } format = Format::text;
  FilePathTemplate path;      // no pieces: the directory itself (list)
  std::string content;        // the argument that holds it (write, append)
  bool replaces = false;      // write over a file that exists
};

// Errors: invalid_argument, "/pointer: message" with the pointer inside `settings` or `binding`.
Result<FileSettings> read_file_settings(const Value& settings);
Result<FileBinding> read_file_binding(const Value& binding);

std::vector<std::string> check_file_tool(const definition::Tool& tool);

}  // namespace gantry::tool

// Which files make a project, and reading them from a directory.
#pragma once

#include <optional>
#include <string_view>

#include "definition/source_file.h"

namespace gantry::definition {

enum class FileKind { settings, workflow, policy, decision, tool, openapi, list };
// By the relative path ("policies/port.yaml"); nothing when the path is none of a project's.
std::optional<FileKind> file_kind(std::string_view path);
// "workflows", ... where files of the kind belong.
std::string_view folder_of(FileKind kind);

}  // namespace gantry::definition

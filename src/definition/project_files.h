// Which files make a project, and reading them from a directory.
#pragma once

#include <optional>
#include <string_view>

#include "definition/project.h"

namespace gantry::definition {

enum class FileKind { settings, workflow, policy, decision, tool, openapi, list };
// By the relative path ("policies/port.yaml"); nothing when the path is none of a project's.
std::optional<FileKind> file_kind(std::string_view path);
// "workflows", ... where files of the kind belong.
std::string_view folder_of(FileKind kind);

// The cases of the project's policies: files under policies/tests, which are no part of the project itself. None when
// there is no such folder. At most as many and as large as a project's files.
std::variant<SourceFiles, Problems> read_policy_case_files(const std::string& directory);

}  // namespace gantry::definition

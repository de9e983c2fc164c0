// Files and values given on the command line.
#pragma once

#include <string>

#include "definition/project.h"
#include "value/value.h"

namespace gantry::cli {

// The whole file, or standard input for "-"; at most 64 MiB. Errors: not_found, exhausted.
Result<std::string> read_file(const std::string& path);

// A file (or "-") of any format the program reads, as a Value. `format`: json, yaml, csv, edifact, or empty to go by
// the file's name and first bytes. Reads no more than the format's limit, whatever the file's size.
Result<Value> read_document_file(const std::string& path, const std::string& format);

// JSON text, @FILE (any known format), or "-" (standard input, any known format); empty gives `fallback`.
Result<Value> read_input(const std::string& argument, const Value& fallback);

// "FROM=TO" pairs; both are origins like https://petstore.swagger.io.
Result<std::map<std::string, std::string>> read_host_overrides(const std::vector<std::string>& pairs);

// The project directory, loaded and checked; its problems are printed to stderr.
Result<definition::ProjectPointer> read_project(const std::string& directory);

void print_problems(const definition::Problems& problems, const definition::SourceFiles& files,
                    const std::string& directory);

// The login name, as the requester of local runs.
std::string login_name();

}  // namespace gantry::cli

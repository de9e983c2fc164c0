// For tests: projects in memory, and their problems as `gantry check` prints them.
#pragma once

#include <gmock/gmock.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "definition/project.h"
#include "value/json.h"

namespace gantry::definition {

inline Value from_json(std::string_view text) {
  return *parse_json(text);
}

inline std::vector<std::string> format_all(const Problems& problems) {
  std::vector<std::string> lines;
  for (const Problem& problem : problems) lines.push_back(format(problem));
  return lines;
}

template <class T>
std::vector<std::string> problems_in(const std::variant<T, Problems>& result) {
  const auto* problems = std::get_if<Problems>(&result);
  return problems ? format_all(*problems) : std::vector<std::string>{};
}

inline std::vector<std::string> problems_of(const SourceFiles& files) {
  return problems_in(load_project(files));
}

// The project. Throws, which fails the test, when there are problems.
inline ProjectPointer loaded(const SourceFiles& files) {
  auto result = load_project(files);
  if (auto* project = std::get_if<ProjectPointer>(&result)) return *project;
  throw std::runtime_error("unexpected problems: " + testing::PrintToString(problems_in(result)));
}

// A workflow t/w:1.0.0 whose tasks start in line 3.
inline std::string workflow_text(const std::string& tasks) {
  return "document: {dsl: '1.0.3', namespace: t, name: w, version: 1.0.0}\ndo:\n" + tasks;
}

inline std::shared_ptr<const Workflow> loaded_workflow(const std::string& tasks) {
  return loaded({{"workflows/w.yaml", workflow_text(tasks)}})->workflows.begin()->second;
}

// "3:5: message" for each problem of the workflow with these tasks.
inline std::vector<std::string> task_problems(const std::string& tasks) {
  const std::string path = "workflows/w.yaml";
  std::vector<std::string> lines;
  for (std::string& line : problems_of({{path, workflow_text(tasks)}}))
    lines.push_back(line.rfind(path + ":", 0) == 0 ? line.substr(path.size() + 1) : line);
  return lines;
}

}  // namespace gantry::definition

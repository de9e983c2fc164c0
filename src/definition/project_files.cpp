#include "definition/project_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "definition/project.h"

namespace gantry::definition {
namespace {

namespace filesystem = std::filesystem;

struct Folder {
  std::string_view name;
  FileKind kind;
};
constexpr std::array<Folder, 5> folders = {{{"workflows", FileKind::workflow},
                                            {"policies", FileKind::policy},
                                            {"decisions", FileKind::decision},
                                            {"tools", FileKind::tool},
                                            {"openapi", FileKind::openapi}}};

bool has_definition_extension(std::string_view path) {
  for (std::string_view extension : {".yaml", ".yml", ".json"})
    if (path.size() > extension.size() && path.substr(path.size() - extension.size()) == extension) return true;
  return false;
}

// Lists of values that policies refer to.
bool is_list(std::string_view path) {
  return path.starts_with("policies/") && path.ends_with(".csv");
}

// Cases of `gantry policy test` stand beside the policies, and are no part of what is deployed.
constexpr std::string_view case_folder = "policies/tests";

bool is_case(std::string_view path) {
  return path.starts_with("policies/tests/");
}

bool is_safe_path(std::string_view path) {
  if (path.empty() || path.size() > 500 || path[0] == '/') return false;
  if (std::any_of(path.begin(), path.end(),
                  [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\\' || c == 0x7f; }))
    return false;
  return ("/" + std::string(path) + "/").find("/../") == std::string::npos;
}

class DirectoryReader {
 public:
  explicit DirectoryReader(const std::string& directory) : root_(directory) {}

  std::variant<SourceFiles, Problems> read_cases() {
    std::error_code error;
    cases_ = true;
    canonical_root_ = filesystem::canonical(root_, error);
    if (error) add(root_.string(), "no such directory");
    if (!error) read_folder(root_ / case_folder);
    if (problems_.count() > 0) return problems_.take();
    return std::move(files_);
  }

  std::variant<SourceFiles, Problems> read() {
    std::error_code error;
    canonical_root_ = filesystem::canonical(root_, error);
    if (error || !filesystem::is_directory(canonical_root_, error)) {
      add(root_.string(), "no such directory");
      return problems_.take();
    }
    for (const char* name : {"gantry.yaml", "gantry.yml", "gantry.json"})
      if (filesystem::exists(root_ / name, error)) read_file(root_ / name);
    for (const Folder& folder : folders) read_folder(root_ / folder.name);
    if (problems_.count() > 0) return problems_.take();
    if (files_.empty()) {
      add(root_.string(),
          "no project here; expected gantry.yaml or .yaml files in workflows, policies, decisions or tools");
      return problems_.take();
    }
    return std::move(files_);
  }

 private:
  void add(const std::string& path, std::string message) { problems_.add({path, {}, std::move(message)}); }

  void read_folder(const filesystem::path& folder) {
    std::error_code error;
    if (!filesystem::is_directory(folder, error)) return;
    // Links to directories are not followed; links to files are, inside the project.
    filesystem::recursive_directory_iterator at(folder, error), end;
    for (; !error && at != end; at.increment(error)) {
      std::string name = at->path().filename().string();
      std::error_code ignored;
      const bool is_left_out = is_case(at->path().lexically_relative(root_).generic_string() + "/") && !cases_;
      if ((!name.empty() && name[0] == '.') || is_left_out) {
        if (at->is_directory(ignored)) at.disable_recursion_pending();
        continue;
      }
      if (!at->is_regular_file(ignored)) continue;
      if (has_definition_extension(name) || is_list(at->path().lexically_relative(root_).generic_string()))
        read_file(at->path());
    }
    if (error) add(folder.string(), "can't read the directory: " + error.message());
  }

  bool is_inside(const filesystem::path& path) const {
    std::error_code error;
    filesystem::path real = filesystem::canonical(path, error);
    if (error) return false;
    return std::mismatch(canonical_root_.begin(), canonical_root_.end(), real.begin(), real.end()).first ==
           canonical_root_.end();
  }

  void read_file(const filesystem::path& path) {
    if (!is_inside(path)) return add(path.string(), "the link leads out of the project directory");
    std::error_code error;
    auto size = filesystem::file_size(path, error);
    if (error) return add(path.string(), "can't read the file: " + error.message());
    // Read no more than the limits allow, whatever is there.
    if (size > project_file_bytes_max)
      return add(path.string(), fmt::format("{} bytes; a file has at most {}", size, project_file_bytes_max));
    if (files_.size() >= project_files_max || total_ + size > project_bytes_max) {
      if (!full_)
        add(root_.string(),
            fmt::format("a project has at most {} files and {} bytes together", project_files_max, project_bytes_max));
      full_ = true;
      return;
    }
    std::ifstream stream(path, std::ios::binary);
    std::string text(size, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(size));
    if (!stream) return add(path.string(), "can't read the file");
    total_ += size;
    files_.emplace(path.lexically_relative(root_).generic_string(), std::move(text));
  }

  filesystem::path root_, canonical_root_;
  SourceFiles files_;
  ProblemSink problems_;
  std::size_t total_ = 0;
  bool full_ = false, cases_ = false;
};

}  // namespace

std::optional<FileKind> file_kind(std::string_view path) {
  if (path == "gantry.yaml" || path == "gantry.yml" || path == "gantry.json") return FileKind::settings;
  if (!is_safe_path(path) || is_case(path)) return std::nullopt;
  if (is_list(path)) return FileKind::list;
  if (!has_definition_extension(path)) return std::nullopt;
  std::string_view top = path.substr(0, path.find('/'));
  for (const Folder& folder : folders)
    if (folder.name == top && top.size() < path.size()) return folder.kind;
  return std::nullopt;
}

std::string_view folder_of(FileKind kind) {
  for (const Folder& folder : folders)
    if (folder.kind == kind) return folder.name;
  return ".";
}

std::variant<SourceFiles, Problems> read_policy_case_files(const std::string& directory) {
  try {
    return DirectoryReader(directory).read_cases();
  } catch (const std::exception& error) {
    return Problems{{directory, {}, std::string("can't read the directory: ") + error.what()}};
  }
}

std::variant<SourceFiles, Problems> read_project_files(const std::string& directory) {
  try {
    return DirectoryReader(directory).read();
  } catch (const std::exception& error) {
    return Problems{{directory, {}, std::string("can't read the directory: ") + error.what()}};
  }
}

}  // namespace gantry::definition

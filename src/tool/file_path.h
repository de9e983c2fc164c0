// Names of files below one directory, and files opened there so that nothing leads out: no "..", no absolute path, no
// symbolic link, whoever changes the tree meanwhile (openat2 with RESOLVE_BENEATH). Private to the file driver.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "value/value.h"

namespace gantry::tool {

inline constexpr std::string_view temporary_file_prefix = ".gantry-";

// "reports/{day}.txt": {name} is one part of a path, {+name} may be several with '/' between.
struct FilePathTemplate {
  struct Piece {
    std::string text;           // before the placeholder
    std::string argument;       // empty: none follows
    bool several_parts = false;
  };
  std::vector<Piece> pieces;
  std::vector<std::string> names() const;
};
// Errors: invalid_argument.
Result<FilePathTemplate> parse_file_path(std::string_view text);
// Errors: invalid_argument: an argument is missing or no text, or the path is none: empty parts, ".", "..", an
// absolute path, control characters, backslashes, characters that other systems read as '/', '.' or '\', invisible
// ones, names that Gantry uses itself, a limit.
Result<std::string> filled_file_path(const FilePathTemplate& path, const Value& arguments);
Status check_file_path(std::string_view path);

// Owns a descriptor.
class FileHandle {
 public:
  explicit FileHandle(int descriptor = -1) : descriptor_(descriptor) {}
  FileHandle(FileHandle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  FileHandle(const FileHandle&) = delete;
  FileHandle& operator=(const FileHandle&) = delete;
  ~FileHandle();
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

class FileRoot {
 public:
  // Errors: not_found, unavailable.
  static Result<FileRoot> open(const std::string& directory);
  // `path` is a checked one; "" is the directory itself. Flags of open(2). Errors: not_found, conflict (exists),
  // denied (leads out or over a link), unavailable; each names the path.
  Result<FileHandle> open_beneath(const std::string& path, int flags, mode_t mode = 0) const;
  // The directory that holds it, and its name there.
  struct Place {
    FileHandle parent;
    std::string name;
  };
  Result<Place> place_of(const std::string& path) const;

 private:
  explicit FileRoot(FileHandle handle) : handle_(std::move(handle)) {}
  FileHandle handle_;
};

// From errno.
Error file_error(std::string_view path, int number);

}  // namespace gantry::tool

#include "tool/file_path.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "value/utf8.h"

namespace gantry::tool {
namespace {

constexpr std::size_t path_part_bytes_max = 255;
constexpr std::size_t file_path_bytes_max = 1'024;
constexpr std::size_t path_parts_max = 32;

Error path_refused(std::string_view why) {
  return {Code::invalid_argument, std::string(why)};
}

// What becomes '/', '.' or '\' when another system normalises the name (Unicode NFKC), and what nobody sees.
bool is_misleading(std::uint32_t code) {
  static constexpr std::uint32_t lookalikes[] = {0x2024, 0x2025, 0x2026, 0x2215, 0x2044, 0xFE52, 0xFE68, 0xFF0E, 0xFF0F, 0xFF3C};
  return code < 0x20 || code == '\\' || (code >= 0x7F && code <= 0x9F) || code == 0x00AD ||
         (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF || (code >= 0xE0000 && code <= 0xE007F) ||
         std::find(std::begin(lookalikes), std::end(lookalikes), code) != std::end(lookalikes);
}

Status check_path_part(std::string_view part) {
  if (part.empty()) return path_refused("the path has an empty part");
  if (part == "." || part == "..") return path_refused("the path may have no part \".\" or \"..\"");
  if (part.size() > path_part_bytes_max)
    return path_refused(fmt::format("a part of a path has at most {} bytes", path_part_bytes_max));
  if (part.starts_with(temporary_file_prefix))
    return path_refused(fmt::format("names that start with \"{}\" are Gantry's own", temporary_file_prefix));
  while (!part.empty()) {
    const std::uint32_t code = take_character(part);
    if (is_misleading(code))
      return path_refused(fmt::format("the character U+{:04X} may not stand in the name of a file", code));
  }
  return done();
}

}  // namespace

std::vector<std::string> FilePathTemplate::names() const {
  std::vector<std::string> result;
  for (const Piece& piece : pieces)
    if (!piece.argument.empty()) result.push_back(piece.argument);
  return result;
}

Result<FilePathTemplate> parse_file_path(std::string_view text) {
  FilePathTemplate result;
  std::string sample;  // with a letter for each placeholder, checked like a path
  while (!text.empty()) {
    const std::size_t open = text.find_first_of("{}");
    FilePathTemplate::Piece piece{.text = std::string(text.substr(0, open)), .argument = {}};
    sample += piece.text;
    text.remove_prefix(std::min(open, text.size()));
    if (!text.empty()) {
      const std::size_t close = text.find_first_of("{}", 1);
      if (text[0] != '{' || close == std::string_view::npos || text[close] != '}')
        return path_refused("expected placeholders as {argument} or {+argument}");
      std::string_view name = text.substr(1, close - 1);
      piece.several_parts = name.starts_with('+');
      if (piece.several_parts) name.remove_prefix(1);
      if (name.empty()) return path_refused("expected placeholders as {argument} or {+argument}");
      piece.argument = name;
      sample += 'x';
      text.remove_prefix(close + 1);
    }
    result.pieces.push_back(std::move(piece));
  }
  TRY(check_file_path(sample));
  return result;
}

Result<std::string> filled_file_path(const FilePathTemplate& path, const Value& arguments) {
  std::string filled;
  for (const FilePathTemplate::Piece& piece : path.pieces) {
    filled += piece.text;
    if (piece.argument.empty()) continue;
    const Value* value = arguments.find(piece.argument);
    if (value == nullptr || !value->is_string() || value->size() == 0)
      return path_refused(fmt::format("argument /{}: expected text that is not empty", piece.argument));
    const std::string_view text = value->as_string();
    const bool is_path = piece.several_parts && !text.starts_with('/') && !text.ends_with('/');
    if (!is_path && text.find('/') != std::string_view::npos)
      return path_refused(fmt::format("argument /{}: '/' may not stand there", piece.argument));
    // Alone it may be no part that means another place, also where the template adds to it.
    if (const Status part = check_file_path(text); !part)
      return path_refused(fmt::format("argument /{}: {}", piece.argument, part.error().message));
    filled += text;
  }
  TRY(check_file_path(filled));
  return filled;
}

Status check_file_path(std::string_view path) {
  if (path.size() > file_path_bytes_max)
    return path_refused(fmt::format("a path has at most {} bytes", file_path_bytes_max));
  if (path.starts_with('/')) return path_refused("the path may not be absolute");
  if (find_bad_utf8(path)) return path_refused("the path is no UTF-8 text");
  if (path.find('\0') != std::string_view::npos) return path_refused("the character U+0000 may not stand in the name of a file");
  std::size_t parts = 0;
  for (;;) {
    const std::size_t slash = path.find('/');
    TRY(check_path_part(path.substr(0, slash)));
    if (++parts > path_parts_max) return path_refused(fmt::format("a path has at most {} parts", path_parts_max));
    if (slash == std::string_view::npos) return done();
    path.remove_prefix(slash + 1);
  }
}

FileHandle::~FileHandle() {
  if (descriptor_ >= 0) close(descriptor_);
}

Error file_error(std::string_view path, int number) {
  const Code code = number == ENOENT                                            ? Code::not_found
                    : number == EEXIST                                          ? Code::conflict
                    : number == EXDEV || number == ELOOP || number == EACCES || number == EPERM ? Code::denied
                    : number == ENOSPC || number == EDQUOT || number == EFBIG   ? Code::exhausted
                                                                                : Code::unavailable;
  const char* why = number == ELOOP || number == EXDEV ? "a symbolic link stands in the way, which is never followed"
                    : number == ENOSYS                 ? "this kernel has no openat2 (Linux 5.6); files can't be opened safely"
                                                       : std::strerror(number);
  return {code, fmt::format("{}: {}", path.empty() ? "." : path, why)};
}

Result<FileRoot> FileRoot::open(const std::string& directory) {
  FileHandle handle(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (handle.get() < 0) return file_error(directory, errno);
  return FileRoot(std::move(handle));
}

Result<FileHandle> FileRoot::open_beneath(const std::string& path, int flags, mode_t mode) const {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC | O_NOCTTY);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
  const char* name = path.empty() ? "." : path.c_str();
  for (int attempt = 0;; ++attempt) {
    const long descriptor = syscall(SYS_openat2, handle_.get(), name, &how, sizeof how);
    if (descriptor >= 0) return FileHandle(static_cast<int>(descriptor));
    // EAGAIN: something was renamed while the kernel walked; it asks to be called again.
    if ((errno != EAGAIN && errno != EINTR) || attempt == 100) return file_error(path, errno);
  }
}

Result<FileRoot::Place> FileRoot::place_of(const std::string& path) const {
  const std::size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "" : path.substr(0, slash);
  FileHandle handle = TRY(open_beneath(parent, O_RDONLY | O_DIRECTORY));
  return Place{std::move(handle), slash == std::string::npos ? path : path.substr(slash + 1)};
}

}  // namespace gantry::tool

#include "journal/store_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace gantry::journal {
namespace {

constexpr std::string_view sqlite_scheme = "sqlite:";

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

Status create_folders(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (folder.empty() || std::filesystem::is_directory(folder, ignored)) return done();
  TRY(create_folders(folder.parent_path()));
  if (mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return done();
  return Error{Code::unavailable, fmt::format("cannot create the folder {}: {}", folder.string(), reason_of(errno))};
}

std::string read_owner(int descriptor) {
  std::array<char, 32> text{};
  ssize_t count = pread(descriptor, text.data(), text.size() - 1, 0);
  std::string owner(text.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  owner.erase(owner.find_last_not_of("\n ") + 1);
  return owner.empty() ? "unknown" : owner;
}

}  // namespace

Result<std::string> store_path(const std::string& url) {
  if (url == "memory:") return std::string();
  std::string_view rest(url);
  if (!rest.starts_with(sqlite_scheme))
    return Error{
        Code::invalid_argument,
        fmt::format("'{}' is no store that this program knows; expected sqlite:PATH, postgres://USER@HOST/DATABASE or memory:",
                    printable_store(url).substr(0, 200))};
  rest.remove_prefix(sqlite_scheme.size());
  if (rest.empty() || rest.find('\0') != std::string_view::npos)
    return Error{Code::invalid_argument,
                 "the store 'sqlite:' needs the path of a file, for example sqlite:.gantry/gantry.db"};
  std::error_code failure;
  auto absolute = std::filesystem::absolute(std::filesystem::path(rest), failure);
  if (failure)
    return Error{Code::invalid_argument,
                 fmt::format("the store's path '{}' cannot be resolved: {}", rest, failure.message())};
  return absolute.lexically_normal().string();
}

Status create_store_file(const std::string& path) {
  TRY(create_folders(std::filesystem::path(path).parent_path()));
  // SQLite gives its -wal and -shm files the mode of the database.
  int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return Error{Code::unavailable, fmt::format("cannot open {} for writing: {}", path, reason_of(errno))};
  ::close(descriptor);
  return done();
}

Result<WriterLock> WriterLock::acquire(const std::string& path) {
  std::string name = path + ".lock";
  int descriptor = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return Error{Code::unavailable, fmt::format("cannot open the lock file {}: {}", name, reason_of(errno))};
  WriterLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return Error{Code::unavailable, fmt::format("cannot lock {}: {}", name, reason_of(errno))};
    return Error{
        Code::unavailable,
        fmt::format(
            "{} is in use by process {}, and a journal has one writer; stop that process or talk to it over its API",
            path, read_owner(descriptor))};
  }
  std::string owner = fmt::format("{}\n", getpid());
  if (ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, owner.data(), owner.size(), 0) != static_cast<ssize_t>(owner.size()))
    return Error{Code::unavailable, fmt::format("cannot write the lock file {}: {}", name, reason_of(errno))};
  return lock;
}

WriterLock::~WriterLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace gantry::journal

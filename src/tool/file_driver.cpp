#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/clock.h"
#include "tool/base64.h"
#include "tool/drivers.h"
#include "tool/file_binding.h"
#include "tool/file_label.h"
#include "tool/standard_call.h"
#include "value/json.h"
#include "value/utf8.h"

namespace gantry::tool {
namespace {

using Action = FileBinding::Action;
using Format = FileBinding::Format;

constexpr int lock_tries = 100;  // of 10 ms each

Error larger_than(std::string_view path, std::int64_t most) {
  return {Code::exhausted, fmt::format("{}: more than {} bytes (settings.bytes)", path, most)};
}

Result<std::string> read_all(int descriptor, const std::string& path, std::int64_t most) {
  std::string bytes;
  std::string piece(64u << 10, '\0');
  for (;;) {
    const ssize_t count = read(descriptor, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error(path, errno);
    if (count == 0) return bytes;
    bytes.append(piece, 0, static_cast<std::size_t>(count));
    if (static_cast<std::int64_t>(bytes.size()) > most) return larger_than(path, most);
  }
}

Status write_all(int descriptor, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error(path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return done();
}

Result<struct stat> status_of_file(int descriptor, const std::string& path) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return file_error(path, errno);
  if (!S_ISREG(status.st_mode)) return Error{Code::invalid_argument, path + ": is no regular file"};
  return status;
}

Result<std::string> bytes_to_write(const Value& content, Format format) {
  switch (format) {
    case Format::json:
      return print_json(content) + "\n";
    case Format::text:
      if (content.is_string()) return std::string(content.as_string());
      return Error{Code::invalid_argument, fmt::format("the content: expected text, found a {}", content.kind_name())};
    case Format::base64: {
      const Value* bytes = content.is_object() ? content.find("base64") : &content;
      if (bytes != nullptr && bytes->is_string()) return decode_base64(bytes->as_string());
      return Error{Code::invalid_argument, "the content: expected base 64 text, or {base64: ...}"};
    }
  }
  return std::string();
}

Result<Value> value_of(const std::string& bytes, const std::string& path, Format format) {
  switch (format) {
    case Format::text:
      if (!find_bad_utf8(bytes)) return Value(bytes);
      return Error{Code::invalid_argument, path + ": is no UTF-8 text; read it with 'format: base64'"};
    case Format::json: {
      Result<Value> value = parse_json(bytes);
      return value ? value : Error{Code::invalid_argument, fmt::format("{}: {}", path, value.error().message)};
    }
    case Format::base64:
      return Value::object({{"base64", encode_base64(bytes)}});
  }
  return Value();
}

// Whether the tool's file says something of the field `name` of entries itself.
bool declares_names(const definition::Operation& operation) {
  return std::any_of(operation.labels.begin(), operation.labels.end(), [](const definition::LabelRule& rule) {
    return rule.path.size() == 2 && rule.path[1] == "name" && !rule.any[1];
  });
}

// One call. `unknown_` is set where something may have been left changed.
class FileCall {
 public:
  FileCall(const FileSettings& settings, const FileBinding& binding, const Effect& effect, const CallContext& context)
      : settings_(settings),
        binding_(binding),
        effect_(effect),
        attempt_(context.attempt),
        names_are_declared_(declares_names(*context.operation)) {}

  Result<Value> perform(const std::string& directory) {
    const FileRoot root = TRY(FileRoot::open(directory));
    if (!binding_.path.pieces.empty()) path_ = TRY(filled_file_path(binding_.path, effect_.arguments));
    switch (binding_.action) {
      case Action::read:
        return read_file(root);
      case Action::write:
        return write_file(root);
      case Action::append:
        return append_file(root);
      case Action::list:
        return list_directory(root);
      case Action::remove:
        return delete_file(root);
    }
    return Value();
  }
  bool unknown() const { return unknown_; }

 private:
  Result<Value> read_file(const FileRoot& root) const {
    const FileHandle file = TRY(root.open_beneath(path_, O_RDONLY | O_NONBLOCK));
    const struct stat status = TRY(status_of_file(file.get(), path_));
    if (status.st_size > settings_.bytes_max) return larger_than(path_, settings_.bytes_max);
    const std::string bytes = TRY(read_all(file.get(), path_, settings_.bytes_max));
    Value value = TRY(value_of(bytes, path_, binding_.format));
    return settings_.keeps_labels ? std::move(value).labelled(label_of_file(file.get())) : value;
  }

  Result<std::string> content() const {
    std::string bytes = TRY(bytes_to_write(effect_.arguments.member(binding_.content), binding_.format));
    if (static_cast<std::int64_t>(bytes.size()) > settings_.bytes_max) return larger_than(path_, settings_.bytes_max);
    return bytes;
  }
  // That of the content and of what the name was made from: whoever lists the directory reads the name.
  Label content_label() const {
    Label label = effect_.arguments.member(binding_.content).deep_label();
    for (const std::string& name : binding_.path.names())
      label = join(label, effect_.arguments.member(name).deep_label());
    return label;
  }

  // Whole or not at all: a file beside it, renamed when it is on the disk.
  Result<Value> write_file(const FileRoot& root) {
    const std::string bytes = TRY(content());
    const FileRoot::Place place = TRY(root.place_of(path_));
    const std::string temporary = fmt::format("{}{}", temporary_file_prefix, sha256(effect_.key + path_).hex().substr(0, 24));
    const Status written = write_temporary(place, temporary, bytes);
    if (!written) {
      unlinkat(place.parent.get(), temporary.c_str(), 0);
      return written.error();
    }
    const unsigned flags = binding_.replaces ? 0 : RENAME_NOREPLACE;
    if (renameat2(place.parent.get(), temporary.c_str(), place.parent.get(), place.name.c_str(), flags) != 0) {
      const int why = errno;
      unlinkat(place.parent.get(), temporary.c_str(), 0);
      if (why != EEXIST || attempt_ <= 1) return file_error(path_, why);
      TRY(expect_same(root, bytes));  // an earlier attempt may have written it
    } else if (fsync(place.parent.get()) != 0) {
      unknown_ = true;
      return file_error(path_, errno);
    }
    return Value::object({{"path", path_}, {"bytes", bytes.size()}});
  }

  Status write_temporary(const FileRoot::Place& place, const std::string& temporary, const std::string& bytes) const {
    unlinkat(place.parent.get(), temporary.c_str(), 0);  // left by an attempt that was killed
    const FileHandle file(openat(place.parent.get(), temporary.c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (file.get() < 0) return file_error(path_, errno);
    TRY(write_all(file.get(), path_, bytes));
    if (settings_.keeps_labels) TRY(set_label_of_file(file.get(), content_label()));
    if (fsync(file.get()) != 0) return file_error(path_, errno);
    return done();
  }

  Status expect_same(const FileRoot& root, const std::string& bytes) const {
    const FileHandle file = TRY(root.open_beneath(path_, O_RDONLY | O_NONBLOCK));
    TRY(status_of_file(file.get(), path_));
    const std::string found = TRY(read_all(file.get(), path_, settings_.bytes_max));
    return found == bytes ? done() : Status(file_error(path_, EEXIST));
  }

  Result<Value> append_file(const FileRoot& root) {
    const std::string bytes = TRY(content());
    const FileHandle file = TRY(root.open_beneath(path_, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK, 0666));
    TRY(status_of_file(file.get(), path_));
    TRY(lock(file.get()));
    const struct stat status = TRY(status_of_file(file.get(), path_));
    if (status.st_size + static_cast<off_t>(bytes.size()) > settings_.bytes_max) return larger_than(path_, settings_.bytes_max);
    if (settings_.keeps_labels)
      TRY(set_label_of_file(file.get(), join(label_of_file(file.get()), content_label())));
    Status written = write_all(file.get(), path_, bytes);
    if (!written) {
      unknown_ = ftruncate(file.get(), status.st_size) != 0;
      return written.error();
    }
    if (fsync(file.get()) != 0) {
      unknown_ = true;
      return file_error(path_, errno);
    }
    return Value::object({{"path", path_}, {"bytes", static_cast<std::int64_t>(status.st_size) + static_cast<std::int64_t>(bytes.size())}});
  }

  Status lock(int descriptor) const {
    for (int attempt = 0; flock(descriptor, LOCK_EX | LOCK_NB) != 0; ++attempt) {
      if (errno != EWOULDBLOCK || attempt == lock_tries)
        return Error{Code::unavailable, path_ + ": another program holds a lock on it"};
      poll(nullptr, 0, 10);
    }
    return done();
  }

  Result<Value> list_directory(const FileRoot& root) const {
    const FileHandle directory = TRY(root.open_beneath(path_, O_RDONLY | O_DIRECTORY));
    struct CloseDirectory {
      void operator()(DIR* open) const { closedir(open); }
    };
    const std::unique_ptr<DIR, CloseDirectory> entries(fdopendir(fcntl(directory.get(), F_DUPFD_CLOEXEC, 0)));
    if (entries == nullptr) return file_error(path_, errno);
    std::vector<Value> found;
    while (const dirent* entry = readdir(entries.get())) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == ".." || name.starts_with(temporary_file_prefix)) continue;
      if (static_cast<std::int64_t>(found.size()) >= settings_.entries_max)
        return Error{Code::exhausted, fmt::format("{}: more than {} entries (settings.entries)", path_.empty() ? "." : path_, settings_.entries_max)};
      struct stat status {};
      if (fstatat(directory.get(), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;  // gone meanwhile
      found.push_back(entry_of(name, status, label_of_name(directory.get(), entry->d_name, status)));
    }
    std::sort(found.begin(), found.end(), [](const Value& left, const Value& right) {
      return left.string_or("name", "") < right.string_or("name", "");
    });
    return Value::array(std::move(found));
  }

  // Whoever may make a file in the directory chooses its name, so what the operation says of its result in general does
  // not speak for names; and a name is no better than what it was made from when Gantry wrote the file.
  Label label_of_name(int directory, const char* name, const struct stat& status) const {
    Label label;
    if (!names_are_declared_)
      label = Label::of({.integrity = Integrity::untrusted,
                         .secrecy = Secrecy::public_,
                         .sources = {fmt::format("tool:{}.{}", effect_.tool, effect_.operation)},
                         .compartments = {}});
    if (!settings_.keeps_labels || !S_ISREG(status.st_mode)) return label;
    const FileHandle file(openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    return join(label, file.get() < 0 ? Label::unknown() : label_of_file(file.get()));
  }

  static Value entry_of(std::string_view name, const struct stat& status, Label label) {
    const char* type = S_ISREG(status.st_mode) ? "file" : S_ISDIR(status.st_mode) ? "directory" : "other";
    const auto modified = std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(status.st_mtim.tv_nsec));
    return Value::object({{"name", Value(repaired_utf8(name)).labelled(label)},
                          {"type", type},
                          {"bytes", static_cast<std::int64_t>(status.st_size)},
                          {"modified", format_timestamp(Timestamp(modified))}});
  }

  Result<Value> delete_file(const FileRoot& root) {
    const FileRoot::Place place = TRY(root.place_of(path_));
    bool deleted = true;
    if (unlinkat(place.parent.get(), place.name.c_str(), 0) != 0) {
      if (errno != ENOENT || attempt_ <= 1) return file_error(path_, errno);
      deleted = false;  // an earlier attempt may have done it
    } else if (fsync(place.parent.get()) != 0) {
      unknown_ = true;
      return file_error(path_, errno);
    }
    return Value::object({{"path", path_}, {"deleted", deleted}});
  }

  const FileSettings& settings_;
  const FileBinding& binding_;
  const Effect& effect_;
  const int attempt_;
  const bool names_are_declared_;
  std::string path_;
  bool unknown_ = false;
};

class FileDriver final : public Driver {
 public:
  explicit FileDriver(std::string directory) : directory_(std::move(directory)) {}

  std::vector<std::string> check(const definition::Tool& tool) const override { return check_file_tool(tool); }

  Outcome call(Permit permit, const CallContext& context) override {
    const Effect& effect = permit.effect();
    if (context.tool == nullptr || context.operation == nullptr)
      return Outcome::failed_with(standard_error("configuration", "the file driver was called without an operation"));
    const Result<FileSettings> settings = read_file_settings(context.tool->settings);
    const Result<FileBinding> binding = read_file_binding(context.operation->binding);
    if (!settings || !binding)
      return Outcome::failed_with(standard_error("configuration", (settings ? binding.error() : settings.error()).message));
    FileCall call(*settings, *binding, effect, context);
    const std::string directory = (std::filesystem::path(directory_) / settings->directory).lexically_normal().string();
    const Result<Value> result = call.perform(directory);
    if (result) return Outcome::done_with(*result);
    ErrorDetails error = error_of(result.error(), effect);
    // That this attempt changed nothing says nothing of an earlier one.
    const bool unknown = call.unknown() || (context.attempt > 1 && !is_read(effect.effect_class));
    return unknown ? Outcome::ambiguous_with(std::move(error)) : Outcome::failed_with(std::move(error));
  }

 private:
  static ErrorDetails error_of(const Error& error, const Effect& effect) {
    const char* kind = error.code == Code::invalid_argument ? "validation"
                       : error.code == Code::denied         ? "authorization"
                                                            : "communication";
    ErrorDetails details = standard_error(kind, fmt::format("{}.{}: {}", effect.tool, effect.operation, error.message));
    if (error.code == Code::not_found) details.status = 404;
    if (error.code == Code::conflict) details.status = 409;
    return details;
  }

  const std::string directory_;
};

}  // namespace

std::shared_ptr<Driver> make_file_driver(const DriverOptions& options) {
  return std::make_shared<FileDriver>(options.directory);
}

}  // namespace gantry::tool

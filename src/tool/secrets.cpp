#include "tool/secrets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

namespace gantry::tool {
namespace {

using From = definition::SecretReference::From;

constexpr std::size_t secret_bytes_max = 64u << 10;

Error secret_refused(Code code, std::string_view name, std::string_view why) {
  return {code, fmt::format("secret '{}': {}", name, why)};
}

// Closes at the end of the scope.
class SecretFile {
 public:
  explicit SecretFile(const std::string& path) : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;
  ~SecretFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

// Who else may read or change the file. What others may read is no secret; the group is the operator's decision.
Status check_secret_file(const std::string& name, const std::string& path, const struct stat& status,
                         std::vector<std::string>* warnings) {
  if (!S_ISREG(status.st_mode)) return secret_refused(Code::invalid_argument, name, path + ": is no file");
  if (status.st_uid != geteuid() && status.st_uid != 0)
    return secret_refused(Code::denied, name, path + ": belongs to another user; chown it to the one Gantry runs as");
  if ((status.st_mode & 0027) != 0)
    return secret_refused(Code::denied, name,
                          fmt::format("{}: others may read or change it (mode {:04o}); chmod 600 it", path,
                                      status.st_mode & 07777));
  if ((status.st_mode & 0040) != 0 && warnings != nullptr)
    warnings->push_back(fmt::format("secret '{}': {}: its group may read it (mode {:04o})", name, path,
                                    status.st_mode & 07777));
  return done();
}

Result<std::string> read_secret_file(const std::string& name, const std::string& path,
                                     std::vector<std::string>* warnings) {
  const SecretFile file(path);
  struct stat status {};
  if (file.descriptor() < 0 || fstat(file.descriptor(), &status) != 0)
    return secret_refused(Code::not_found, name, fmt::format("{}: can't be read: {}", path, std::strerror(errno)));
  TRY(check_secret_file(name, path, status, warnings));
  std::string text(secret_bytes_max + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = read(file.descriptor(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return secret_refused(Code::unavailable, name, fmt::format("{}: can't be read", path));
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > secret_bytes_max) return secret_refused(Code::exhausted, name, path + ": larger than 64 KiB");
  text.resize(size);
  return text;
}

Result<std::string> credential_path(const std::string& name, const std::string& credential) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || folder[0] != '/')
    return secret_refused(Code::not_found, name,
                          "$CREDENTIALS_DIRECTORY is not set; systemd sets it where the unit has LoadCredential=");
  return fmt::format("{}/{}", folder, credential);
}

}  // namespace

Secrets::Secrets(std::initializer_list<std::pair<const std::string, std::string>> texts) {
  auto entries = std::make_shared<Entries>();
  for (const auto& [name, text] : texts)
    entries->emplace(name, Entry{.reference = {From::environment, name, {}, {}}, .path = {}, .text = text});
  entries_ = std::move(entries);
}

Result<Secrets::Opened> Secrets::open(const definition::SecretReferences& references, const std::string& directory) {
  Opened opened;
  auto entries = std::make_shared<Entries>();
  for (const auto& [name, reference] : references) {
    Entry entry{.reference = reference, .path = {}, .text = {}};
    if (reference.from == From::environment) {
      const char* text = std::getenv(reference.place.c_str());
      if (text == nullptr)
        return secret_refused(Code::not_found, name, "the variable " + reference.place + " is not set");
      entry.text = text;
    } else {
      entry.path = reference.place;
      if (reference.from == From::credential) {
        entry.path = TRY(credential_path(name, reference.place));
      } else if (!std::filesystem::path(reference.place).is_absolute()) {
        entry.path = (std::filesystem::path(directory) / reference.place).lexically_normal().string();
      }
      TRY(read_secret_file(name, entry.path, &opened.warnings));
    }
    entries->emplace(name, std::move(entry));
  }
  opened.secrets.entries_ = std::move(entries);
  return opened;
}

Result<std::string> Secrets::reveal(const std::string& name, const SecretUse& use) const {
  const Entry* entry = nullptr;
  if (entries_ != nullptr) {
    if (const auto found = entries_->find(name); found != entries_->end()) entry = &found->second;
  }
  if (entry == nullptr)
    return secret_refused(Code::denied, name,
                          "there is none for this call; name it under secrets in gantry.yaml, and name the secret in "
                          "the workflow, not in data from outside");
  const auto& [from, place, tools, hosts] = entry->reference;
  if (!tools.empty() && std::find(tools.begin(), tools.end(), use.tool) == tools.end())
    return secret_refused(Code::denied, name, fmt::format("it is bound to {}, not to '{}'", fmt::join(tools, ", "), use.tool));
  if (!hosts.empty() && std::find(hosts.begin(), hosts.end(), use.host) == hosts.end())
    return secret_refused(Code::denied, name,
                          fmt::format("it is bound to {}, and may not be sent to {}", fmt::join(hosts, ", "),
                                      use.host.empty() ? "a process" : use.host));
  if (hosts.empty() && use.host_from_outside)
    return secret_refused(Code::denied, name,
                          fmt::format("data from outside chose the host {}; bind the secret to its hosts in gantry.yaml",
                                      use.host));
  std::string text = entry->text;
  if (from != From::environment) {
    Result<std::string> read = read_secret_file(name, entry->path, nullptr);
    if (!read) return Error{Code::denied, read.error().message};
    text = *std::move(read);
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) return secret_refused(Code::denied, name, "it is empty");
  return text;
}

}  // namespace gantry::tool

#include "base/shared_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>

#include "base/log.h"

namespace gantry {
namespace {

// Not exit(): this may be any thread, and nothing that others still use may be taken down.
[[noreturn]] void end_without(const char* file, const char* why, const char* what_to_do) {
  log(LogLevel::error, fmt::format("the library {} can't be used: {}; {}", file, why, what_to_do));
  std::_Exit(EXIT_FAILURE);
}

}  // namespace

SharedLibrary::SharedLibrary(const char* file, const char* package)
    : file_(file), handle_(::dlopen(file, RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ == nullptr) end_without(file, ::dlerror(), fmt::format("install the package {}", package).c_str());
}

SharedLibrary::Function SharedLibrary::find(const char* name) const {
  void* address = ::dlsym(handle_, name);
  if (address == nullptr) end_without(file_, ::dlerror(), "it is older than what Gantry was built with");
  return Function(address);
}

}  // namespace gantry

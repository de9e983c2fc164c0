// The file of a store: its name from the URL, its creation with tight permissions, and the lock that keeps a second
// writer away.
#pragma once

#include <string>

#include "base/result.h"

namespace gantry::journal {

// "sqlite:PATH" -> the absolute path; "memory:" -> "".
Result<std::string> store_path(const std::string& url);

// Creates missing folders (mode 0700) and the file (0600). An existing file keeps its mode.
Status create_store_file(const std::string& path);

// Held as long as it lives, on PATH.lock, which also says the process id. Survives no crash: the kernel lets go.
class WriterLock {
 public:
  static Result<WriterLock> acquire(const std::string& path);
  WriterLock() = default;
  WriterLock(WriterLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  WriterLock& operator=(WriterLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~WriterLock();

 private:
  explicit WriterLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace gantry::journal

// A program with pipes to its standard input, output and error, in a session of its own. What it inherits is what is
// said here: these arguments, this environment, no other open files.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gantry::tool {

// One thread. The destructor ends the program and all of its process group.
class PipedProcess {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // `arguments[0]` is searched in /usr/local/bin, /usr/bin and /bin. `inherited` are borrowed descriptors that it has as 3,
  // 4, ... Errors: not_found, unavailable.
  static Result<std::unique_ptr<PipedProcess>> start(const std::vector<std::string>& arguments,
                                                     const std::map<std::string, std::string>& environment,
                                                     const std::vector<int>& inherited = {});
  ~PipedProcess();
  PipedProcess(const PipedProcess&) = delete;
  PipedProcess& operator=(const PipedProcess&) = delete;

  // Errors: timeout, cancelled, unavailable (it reads no more). `written` says whether any byte of it was taken.
  Status write(std::string_view bytes, Deadline deadline, const std::stop_token& stop, bool& written);
  // The next bytes of its output; empty: it has closed it. Errors: timeout, cancelled, unavailable.
  Result<std::string> read(Deadline deadline, const std::stop_token& stop);
  // The last bytes that it wrote to its standard error.
  const std::string& last_words() const { return last_words_; }
  // Closes its input and gives it a moment to end by itself.
  void finish();

 private:
  PipedProcess() = default;
  Result<short> wait_for(int file, short events, Deadline deadline, const std::stop_token& stop);
  void drain_error();
  bool has_ended(int milliseconds) const;

  int process_ = -1, handle_ = -1;  // its id, and a pidfd
  int input_ = -1, output_ = -1, error_ = -1;
  std::string last_words_;
};

}  // namespace gantry::tool

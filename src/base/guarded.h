// Data and the mutex that protects it in one object, so that unlocked access can't be written.
// Never call out (to callbacks, drivers, the store) from inside `with`.
#pragma once

#include <mutex>
#include <utility>

namespace gantry {

template <class T>
class Guarded {
 public:
  template <class... Arguments>
  explicit Guarded(Arguments&&... arguments) : data_(std::forward<Arguments>(arguments)...) {}

  template <class Function>
  decltype(auto) with(Function&& function) {
    std::lock_guard lock(mutex_);
    return std::forward<Function>(function)(data_);
  }

 private:
  std::mutex mutex_;
  T data_;
};

}  // namespace gantry

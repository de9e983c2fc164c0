// Errors are values here. `Result<T>` holds either a T or an Error; `TRY` hands the error to the caller.
// Exceptions come only from std and third-party code and are caught where that code is called.
// "Denied by policy" and "waits for a person" are outcomes, not errors.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace gantry {

// The closed set of failure kinds. It alone decides HTTP status, exit status and metric label.
enum class Code {
  invalid_argument,  // the caller's input is wrong; the message says what, where, expected, found
  not_found,
  conflict,     // the thing has changed, exists already, or is in another state
  denied,       // identity or policy forbids it
  exhausted,    // a limit was reached: size, depth, budget, queue, disk
  unavailable,  // an outside system or the store can't be reached or can't take writes
  timeout,
  cancelled,
  internal,  // a defect in Gantry
};

const char* name_of(Code code);

struct Error {
  Code code = Code::internal;
  std::string message;
};

template <class T = std::monostate>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  bool ok() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

using Status = Result<std::monostate>;
inline Status done() { return std::monostate{}; }

// `auto x = TRY(f());` returns f's error from the enclosing function, else yields its value.
// The enclosing function must return a Result (or Error).
#define TRY(expression)                                    \
  ({                                                       \
    auto&& try_result_ = (expression);                     \
    if (!try_result_) [[unlikely]] return try_result_.error(); \
    *std::move(try_result_);                               \
  })

}  // namespace gantry

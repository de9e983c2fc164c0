// A driver performs effects of one kind: http, edifact, echo. It runs on a worker thread and may block; it honours the
// stop token and its own deadline. It never throws.
#pragma once

#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "definition/project.h"
#include "tool/permit.h"
#include "tool/secrets.h"

namespace gantry::tool {

// RFC 7807; `type` is a full URI, for the standard kinds from definition::standard_error_type().
struct ErrorDetails {
  std::string type, title, detail;
  std::int64_t status = 500;
  Label label;  // of all of it: `detail` may quote what the other side said
};
Value to_value(const ErrorDetails& error);  // {type, title, status, detail}, labelled
// With the type, title and default status of a standard kind: "communication", "validation", "authorization"...
ErrorDetails standard_error(std::string_view kind, std::string detail);

// What is known after a call.
//   done       it took place; `result` is the answer. The gate labels it as the operation declares; a driver puts a
//              label on it only where it knows of more, such as that of the arguments that it was computed from
//   failed     it did certainly not take place, or the class is read; `error` says why
//   ambiguous  it may or may not have taken place (timeout, connection lost after sending); `error` says what was seen
struct Outcome {
  enum class Kind { done, failed, ambiguous } kind = Kind::failed;
  Value result;
  ErrorDetails error;

  static Outcome done_with(Value result) { return {.kind = Kind::done, .result = std::move(result), .error = {}}; }
  static Outcome failed_with(ErrorDetails error) {
    return {.kind = Kind::failed, .result = {}, .error = std::move(error)};
  }
  static Outcome ambiguous_with(ErrorDetails error) {
    return {.kind = Kind::ambiguous, .result = {}, .error = std::move(error)};
  }
};

struct CallContext {
  const definition::Tool* tool = nullptr;  // null for the standard's call: http
  const definition::Operation* operation = nullptr;
  int attempt = 1;
  std::stop_token stop;
};

// What whoever begins an effect wants back with its outcome.
class Errand {
 public:
  virtual ~Errand() = default;
};

struct Finished {
  std::unique_ptr<Errand> errand;
  Outcome outcome;
};

// Takes the outcomes of effects that were begun, those together that came together. Any thread, several at once; it must
// not block, and does not throw.
class OutcomeReceiver {
 public:
  virtual ~OutcomeReceiver() = default;
  virtual void take(std::vector<Finished> finished) = 0;
};

// An effect to be begun. What `context` points to must stay as long as the errand does.
struct Begun {
  Permit permit;
  CallContext context;
  std::unique_ptr<Errand> errand;
  std::shared_ptr<OutcomeReceiver> receiver;
};

class Driver {
 public:
  virtual ~Driver() = default;
  // Problems of a tool's `settings` and operations' `binding`, as "pointer: message"; empty when fine.
  virtual std::vector<std::string> check(const definition::Tool& tool) const = 0;
  virtual Outcome call(Permit permit, const CallContext& context) = 0;  // any worker thread, many at once

  // Whether it performs this effect without a thread of the caller's: then `begin` does what `call` does, and the
  // outcome comes to the receiver, once. Neither waits for anything. Any thread.
  virtual bool can_begin(const Effect& effect, const CallContext& context) const;
  virtual void begin(Begun begun);
};

// Driver name -> driver. Immutable after start.
using Drivers = std::map<std::string, std::shared_ptr<Driver>, std::less<>>;

struct HttpOptions {
  std::vector<std::string> egress_allow;             // see definition::Settings; empty: nothing may be reached
  bool egress_any = false;                           // for `gantry run` of a file without a project
  std::map<std::string, std::string> host_override;  // "https://petstore.swagger.io" -> "http://127.0.0.1:8081"
  Secrets secrets;                                   // for authentication
  Duration timeout = std::chrono::seconds(30);       // when the tool sets none
  std::size_t response_bytes_max = 16u << 20;
};
std::shared_ptr<Driver> make_http_driver(HttpOptions options);
std::shared_ptr<Driver> make_edifact_driver();
std::shared_ptr<Driver> make_echo_driver();  // answers its arguments; for trying things out and for benchmarks

}  // namespace gantry::tool

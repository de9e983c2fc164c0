// Removes what the newest project's retention settings no longer keep, in small steps between the engine's batches, so
// that running instances never wait long. A thread of its own looks for candidates once a minute on its own connection.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "engine/engine.h"
#include "journal/retention.h"

namespace gantry::server {

class RetentionRunner {
 public:
  struct Parts {
    engine::Engine* engine = nullptr;  // all three outlive the runner
    journal::Store* store = nullptr;
    const Clock* clock = nullptr;
  };
  explicit RetentionRunner(Parts parts) : parts_(parts) {}

  // Starts the thread; it ends with this object.
  void start();
  // One round, until nothing more may go: what was removed. Errors: those of the store; conflict when the audit chain
  // is broken around what is to go.
  Result<journal::Removed> run_once(const std::stop_token& stop = {});

 private:
  void run(const std::stop_token& stop);

  Parts parts_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace gantry::server

// Where batches become durable while the engine goes on: one batch at a time is under way, on a thread of its own, and
// the next one is decided meanwhile. Batches reach the store in the order in which they were started.
//
// It is the engine's store, too: every other call waits until the batch under way is written or refused, so nobody
// reads what lies behind it. All members are for one thread, the engine's.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "journal/forwarding_store.h"

namespace gantry::engine {

class CommitPipeline final : public journal::ForwardingStore {
 public:
  // Without a thread, a batch is printed when it is started, and written when it is waited for.
  explicit CommitPipeline(journal::Store& inner) : ForwardingStore(inner) {}
  ~CommitPipeline() override;

  void use_thread() { threaded_ = true; }  // started with the first batch
  // Only when none is under way; an empty one is written as it is. `batch` must stay as it is until finish().
  void start(journal::Batch& batch);
  // Prints what was added to a batch that is still being made, on the thread that has made its values, while the other
  // thread is writing: what neither had time for before start() is left to that one.
  void print_ahead(journal::Batch& batch) const override;
  // Waits for the batch under way, and says what became of it; afterwards none is. Errors: as Store::append.
  Status finish();
  // The same, and it stays under way: finish() says it again.
  Status wait();

 private:
  std::optional<Error> refusal() override;
  void run();
  Status write(journal::Batch& batch);

  bool threaded_ = false;
  bool under_way_ = false;
  std::atomic<bool> is_writing_{false};
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_:
  journal::Batch* batch_ = nullptr;  // to be written
  std::optional<Status> written_;    // what became of it
  bool stopping_ = false;
};

}  // namespace gantry::engine

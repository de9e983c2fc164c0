#include "engine/commit_pipeline.h"

#include <utility>

#include "base/assert.h"

namespace gantry::engine {

CommitPipeline::~CommitPipeline() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void CommitPipeline::start(journal::Batch& batch) {
  GANTRY_ASSERT(!under_way_, "a batch is under way already");
  under_way_ = true;
  const Status ready = threaded_ || batch.is_empty() ? done() : inner_.print(batch);
  const bool is_over = batch.is_empty() || !ready;
  {
    std::lock_guard lock(mutex_);
    if (is_over)
      written_ = ready;
    else
      batch_ = &batch;
  }
  if (!threaded_ || is_over) return;
  is_writing_ = true;
  if (thread_.joinable())
    changed_.notify_all();
  else
    thread_ = std::thread([this] { run(); });
}

Status CommitPipeline::finish() {
  Status status = wait();
  std::lock_guard lock(mutex_);
  written_.reset();
  under_way_ = false;
  return status;
}

Status CommitPipeline::wait() {
  if (!under_way_) return done();
  std::unique_lock lock(mutex_);
  if (!threaded_ && !written_) written_ = inner_.append(*std::exchange(batch_, nullptr));
  changed_.wait(lock, [&] { return written_.has_value(); });
  return *written_;
}

void CommitPipeline::print_ahead(journal::Batch& batch) const {
  if (is_writing_) inner_.print_ahead(batch);
}

Status CommitPipeline::write(journal::Batch& batch) {
  TRY(inner_.print(batch));
  return inner_.append(batch);
}

std::optional<Error> CommitPipeline::refusal() {
  // Whoever reads meets the same trouble himself, or none any more.
  [[maybe_unused]] const Status written = wait();
  return std::nullopt;
}

void CommitPipeline::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || batch_ != nullptr; });
    if (batch_ == nullptr) return;
    journal::Batch& batch = *std::exchange(batch_, nullptr);
    lock.unlock();
    Status status = write(batch);
    is_writing_ = false;
    lock.lock();
    written_ = std::move(status);
    changed_.notify_all();
  }
}

}  // namespace gantry::engine

// The store as the engine sees it, with somebody who looks on: of every batch whether it was acknowledged. Everything
// else passes through.
#pragma once

#include <functional>

#include "journal/forwarding_store.h"

namespace gantry::sim {

class WatchedStore final : public journal::ForwardingStore {
 public:
  // `told` hears of each batch when its append has returned.
  using Told = std::function<void(const journal::Batch& batch, const Status& status)>;
  // `decided` hears of one that is to be appended later, while others may be decided.
  using Decided = std::function<void(const journal::Batch& batch)>;
  WatchedStore(journal::Store& inner, Decided decided, Told told)
      : ForwardingStore(inner), decided_(std::move(decided)), told_(std::move(told)) {}

  Status print(journal::Batch& batch) const override {
    decided_(batch);
    return inner_.print(batch);
  }

  Status append(const journal::Batch& batch) override {
    Status status = inner_.append(batch);
    note(status);
    told_(batch, status);
    return status;
  }
  Status save_project(std::string_view digest, std::string_view files) override {
    Status status = inner_.save_project(digest, files);
    note(status);
    return status;
  }
  // It takes no more writes until it is opened again.
  bool refuses() const { return refuses_; }

 private:
  void note(const Status& status) {
    if (!status && status.error().message.find("takes no more writes") != std::string::npos) refuses_ = true;
  }

  Decided decided_;
  Told told_;
  bool refuses_ = false;
};

}  // namespace gantry::sim

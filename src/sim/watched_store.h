// The store as the engine sees it, with somebody who looks on: of every batch whether it was acknowledged. Everything
// else passes through.
#pragma once

#include <functional>

#include "journal/store.h"

namespace gantry::sim {

class WatchedStore final : public journal::Store {
 public:
  // `told` hears of each batch when its append has returned.
  using Told = std::function<void(const journal::Batch& batch, const Status& status)>;
  WatchedStore(journal::Store& inner, Told told) : inner_(inner), told_(std::move(told)) {}

  Status append(const journal::Batch& batch) override {
    Status status = inner_.append(batch);
    told_(batch, status);
    return status;
  }

  Result<std::vector<std::string>> unfinished_instances() override { return inner_.unfinished_instances(); }
  Result<std::map<std::string, std::string>> stuck_instances() override { return inner_.stuck_instances(); }
  Result<bool> rests(std::string_view instance) override { return inner_.rests(instance); }
  Result<std::vector<std::string>> resting_with_tasks() override { return inner_.resting_with_tasks(); }
  Result<std::size_t> running_instances() override { return inner_.running_instances(); }
  Result<std::vector<std::string>> running_under(std::string_view workflow, std::string_view version,
                                                 std::size_t count_max) override {
    return inner_.running_under(workflow, version, count_max);
  }
  Result<std::vector<std::string>> moved_by(std::string_view migration) override { return inner_.moved_by(migration); }
  Result<std::vector<journal::StoredTimer>> timers_after(const journal::TimerPosition& position,
                                                         std::size_t count_max) override {
    return inner_.timers_after(position, count_max);
  }
  Result<std::vector<journal::Event>> events_of(std::string_view instance, std::uint64_t after_sequence) override {
    return inner_.events_of(instance, after_sequence);
  }
  Result<std::optional<journal::Snapshot>> latest_snapshot(std::string_view instance) override {
    return inner_.latest_snapshot(instance);
  }
  Result<std::vector<std::pair<std::string, std::string>>> recent_events(std::size_t count_max) override {
    return inner_.recent_events(count_max);
  }
  Result<std::optional<std::string>> instance_with_key(std::string_view workflow, std::string_view key) override {
    return inner_.instance_with_key(workflow, key);
  }
  Result<std::uint64_t> last_sequence(std::string_view instance) override { return inner_.last_sequence(instance); }
  Result<std::vector<journal::BudgetPart>> budget_parts(std::string_view budget, std::string_view key) override {
    return inner_.budget_parts(budget, key);
  }
  Status save_project(std::string_view digest, std::string_view files) override {
    return inner_.save_project(digest, files);
  }
  Result<std::string> project_files(std::string_view digest) override { return inner_.project_files(digest); }
  Result<std::optional<std::string>> current_project() override { return inner_.current_project(); }
  Status add_token(const journal::TokenRecord& token) override { return inner_.add_token(token); }
  Status revoke_tokens(std::string_view person) override { return inner_.revoke_tokens(person); }
  Result<std::optional<journal::TokenRecord>> find_token(std::string_view hash) override {
    return inner_.find_token(hash);
  }
  Result<std::vector<journal::TokenRecord>> tokens() override { return inner_.tokens(); }
  Status sign_checkpoint() override { return inner_.sign_checkpoint(); }
  std::string location() const override { return inner_.location(); }

 private:
  journal::Store& inner_;
  Told told_;
};

}  // namespace gantry::sim

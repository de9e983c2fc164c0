// A store in front of another one: every call passes through. For those who look on, or let a call fail, and override
// what they change.
#pragma once

#include <optional>

#include "journal/store.h"

namespace gantry::journal {

class ForwardingStore : public Store {
 public:
  explicit ForwardingStore(Store& inner) : inner_(inner) {}

  Status print(Batch& batch) const override { return inner_.print(batch); }
  void print_ahead(Batch& batch) const override { inner_.print_ahead(batch); }
  Status append(const Batch& batch) override { return pass(&Store::append, batch); }
  Result<std::vector<std::string>> unfinished_instances() override { return pass(&Store::unfinished_instances); }
  Result<std::map<std::string, std::string>> stuck_instances() override { return pass(&Store::stuck_instances); }
  Result<bool> rests(std::string_view instance) override { return pass(&Store::rests, instance); }
  Result<std::vector<std::string>> resting_with_tasks() override { return pass(&Store::resting_with_tasks); }
  Result<std::size_t> running_instances() override { return pass(&Store::running_instances); }
  Result<std::vector<std::string>> running_under(std::string_view workflow, std::string_view version,
                                                 std::size_t count_max) override {
    return pass(&Store::running_under, workflow, version, count_max);
  }
  Result<std::vector<std::string>> moved_by(std::string_view migration) override {
    return pass(&Store::moved_by, migration);
  }
  Result<std::vector<StoredTimer>> timers_after(const TimerPosition& position, std::size_t count_max) override {
    return pass(&Store::timers_after, position, count_max);
  }
  Result<std::vector<Event>> events_of(std::string_view instance, std::uint64_t after_sequence) override {
    return pass(&Store::events_of, instance, after_sequence);
  }
  Result<std::optional<Snapshot>> latest_snapshot(std::string_view instance) override {
    return pass(&Store::latest_snapshot, instance);
  }
  Result<std::vector<std::pair<std::string, std::string>>> recent_events(std::size_t count_max) override {
    return pass(&Store::recent_events, count_max);
  }
  Result<std::optional<std::string>> instance_with_key(std::string_view workflow, std::string_view key) override {
    return pass(&Store::instance_with_key, workflow, key);
  }
  Result<std::uint64_t> last_sequence(std::string_view instance) override {
    return pass(&Store::last_sequence, instance);
  }
  Result<std::vector<BudgetPart>> budget_parts(std::string_view budget, std::string_view key) override {
    return pass(&Store::budget_parts, budget, key);
  }
  Status save_project(std::string_view digest, std::string_view files) override {
    return pass(&Store::save_project, digest, files);
  }
  Result<std::string> project_files(std::string_view digest) override { return pass(&Store::project_files, digest); }
  Result<std::optional<std::string>> current_project() override { return pass(&Store::current_project); }
  Status add_token(const TokenRecord& token) override { return pass(&Store::add_token, token); }
  Status revoke_tokens(std::string_view person) override { return pass(&Store::revoke_tokens, person); }
  Result<std::optional<TokenRecord>> find_token(std::string_view hash) override { return pass(&Store::find_token, hash); }
  Result<std::vector<TokenRecord>> tokens() override { return pass(&Store::tokens); }
  Status sign_checkpoint() override { return pass(&Store::sign_checkpoint); }
  std::string location() const override { return inner_.location(); }

 protected:
  // Asked before each call: why it fails, or nothing.
  virtual std::optional<Error> refusal() { return {}; }

  Store& inner_;

 private:
  template <class Answer, class... Parameters, class... Arguments>
  Answer pass(Answer (Store::*call)(Parameters...), Arguments&&... arguments) {
    if (auto refused = refusal()) return *refused;
    return (inner_.*call)(arguments...);
  }
};

}  // namespace gantry::journal

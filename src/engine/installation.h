// What is deployed: the newest project and its schedules, the projects that instances are pinned to, and which digest each
// version of a workflow has, for ever. Engine's thread only, but for current().
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "engine/command.h"
#include "engine/definitions.h"
#include "engine/schedules.h"
#include "journal/store.h"

namespace gantry::engine {

class Installation final : public DefinitionSource {
 public:
  Installation(journal::Store& store, const ScheduleLimits& limits) : store_(store), schedules_(limits) {}

  // Reads what the store knows. Errors: those of the store; conflict when a project can't be read any more.
  Status open();

  definition::ProjectPointer current() const;  // any thread; null when nothing was deployed
  // Errors: not_found; invalid_argument when its files no longer load.
  Result<definition::ProjectPointer> project(const std::string& digest) override;

  // Durable when it returns, or nothing has changed. Errors: conflict when a workflow of the same name and version has
  // another digest.
  Status deploy(const DeployRequest& request, Timestamp now);
  // Errors: as deploy; those of reading the project.
  Status follow(const HomeChange& change, Timestamp now);
  // Keeps the files of a project that is to be deployed later. Errors: as deploy.
  Status save(const definition::Project& project);

  // Durable when it returns. Errors: not_found when there is no such stop to end.
  Status change_gate(const GateRequest& request, Timestamp now);
  // Why no such effect may go out, or empty. `above`: the workflows that run its own. Engine's thread.
  std::string stopped(const tool::Effect& effect, const std::string& requester,
                      const std::vector<std::string>& above) const;
  Value gate_state() const;  // any thread
  // Who deployed this version of the workflow first; empty when that is not known.
  std::string author_of(const std::string& workflow) const;  // "NAMESPACE/NAME:VERSION"

  // The delegations of the policies in force that let `person` vote now: lenders hold what they lend. Engine's thread.
  // Errors: those of the store.
  Result<std::vector<definition::Delegation>> lent_to(const std::string& person, Timestamp now) const;

  // Whether this version was ever deployed.
  bool knows(const definition::WorkflowName& workflow) const { return versions_.contains(workflow.text()); }
  // "NAMESPACE/NAME" of all that were ever deployed, sorted, each once.
  std::vector<std::string> workflow_names() const;

  // Adds the event to the batch; `committed` or `rolled_back` must follow.
  void receive(const ReceiveRequest& request, Timestamp now, journal::Batch& batch);
  // After the store wrote events of the installation by itself.
  Status catch_up();
  const Schedules& schedules() const { return schedules_; }
  // Adds schedule_set or schedule_event to the batch, and its meaning to the schedules.
  void note_schedule(journal::EventType type, Value data, Timestamp now, journal::Batch& batch);
  void committed();
  void rolled_back();
  // Adds a snapshot when there were so many events since the last one, so that open() never reads more than that.
  void add_snapshot(journal::Batch& batch, std::uint64_t every_events);

 private:
  std::string serialise() const;
  Status read_snapshot(const journal::Snapshot& snapshot);
  Status check_versions(const definition::Project& project) const;
  Status note(const journal::Event& event);
  void note_deployed(const journal::Event& event);
  void note_gate(const journal::Event& event);
  void set_current(definition::ProjectPointer project);

  journal::Store& store_;
  std::uint64_t sequence_ = 0;  // of the installation's events
  std::uint64_t next_sequence_ = 0;
  std::uint64_t snapshot_sequence_ = 0;
  std::uint64_t next_snapshot_sequence_ = 0;
  struct StopRecord {
    std::string reason, by;
    Timestamp at{};
  };
  static Value to_value(const std::map<GateStop, StopRecord>& stops);

  Schedules schedules_;
  std::optional<Schedules> schedules_before_;  // what this batch has changed; absent: it has changed nothing
  std::map<std::string, std::string> versions_;  // "namespace/name:version" -> digest
  std::map<std::string, std::string> authors_;   // "namespace/name:version" -> who deployed it first
  std::map<std::string, std::weak_ptr<const definition::Project>> loaded_;
  mutable std::mutex mutex_;
  definition::ProjectPointer current_;    // protected by mutex_
  std::map<GateStop, StopRecord> stops_;  // written under mutex_, by the engine's thread
};

}  // namespace gantry::engine

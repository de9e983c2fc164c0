// Rebuilding instances from the journal: when the engine opens, and after a batch was refused.
#include <fmt/format.h>

#include "base/log.h"
#include "engine/loop.h"
#include "value/stored.h"

namespace gantry::engine {
namespace {

constexpr std::size_t stuck_reason_bytes_max = 2'000;

}  // namespace

Status Engine::Loop::load_unfinished() {
  std::vector<std::string> unfinished = TRY(store_.unfinished_instances());
  const std::map<std::string, std::string> known = TRY(store_.stuck_instances());
  std::set<std::string> resting;
  for (const auto& [instance, reason] : known)
    if (TRY(store_.rests(instance))) resting.insert(instance);
  unfinished.insert(unfinished.end(), resting.begin(), resting.end());
  for (const std::string& instance : unfinished) {
    auto slot = load(instance);
    if (!slot) {
      if (slot.error().code == Code::unavailable) return slot.error();
      auto reason = known.find(instance);
      set_stuck(instance, slot.error(), reason == known.end() ? "" : reason->second);
      continue;
    }
    slot->rests = resting.contains(instance);
    instances_[instance] = std::move(*slot);
    if (known.contains(instance)) work_.push_back({NoteStuck{instance, ""}, nullptr});
    index_listening(instance);
    work_.push_back({RecoverInstance{instance}, nullptr});
  }
  const std::size_t running = TRY(store_.running_instances());
  std::size_t running_here = stuck_.size();
  for (const auto& [instance, slot] : instances_)
    if (!slot.record->ended()) ++running_here;
  out_of_memory_ = running > running_here ? running - running_here : 0;
  timers_.fetch_all_later();
  count_running();
  return done();
}

// One damaged instance must not keep all others from running. It stays as it is in the journal, which says so.
void Engine::Loop::set_stuck(const std::string& instance, const Error& error, const std::string& known_reason) {
  log(LogLevel::error, "engine: an instance is stuck: it can't be rebuilt from its events" +
                           log_field("instance", instance) + log_field("error", error.message));
  const std::string reason = error.message.substr(0, stuck_reason_bytes_max);
  stuck_[instance] = reason;
  if (reason != known_reason) work_.push_back({NoteStuck{instance, reason}, nullptr});
}

// From the latest snapshot and what came after it; from the first event on where there is no snapshot, or none that
// can be read.
Result<Engine::Loop::Slot> Engine::Loop::load(const std::string& instance) {
  const std::optional<journal::Snapshot> snapshot = TRY(store_.latest_snapshot(instance));
  if (snapshot) {
    auto slot = load_snapshot(*snapshot);
    if (slot || slot.error().code == Code::unavailable) return slot;
    log(LogLevel::warning,
        "engine: a snapshot was ignored" + log_field("instance", instance) + log_field("error", slot.error().message));
  }
  return load_events(instance);
}

Result<Engine::Loop::Slot> Engine::Loop::load_events(const std::string& instance) {
  const std::vector<journal::Event> events = TRY(store_.events_of(instance, 0));
  if (events.empty() || events.front().type != journal::EventType::instance_started)
    return Error{Code::internal, fmt::format("journal: instance {}: its first event is missing", instance)};
  const Definitions pinned = TRY(find_definitions(installation_, instance, events.front().data));
  Slot slot;
  slot.record = std::make_unique<InstanceRecord>(instance, pinned.project, pinned.workflow,
                                                 interpreter_for(pinned.project, pinned.workflow));
  for (const journal::Event& event : events) TRY(slot.record->replay(event, installation_));
  return slot;
}

Result<Engine::Loop::Slot> Engine::Loop::load_snapshot(const journal::Snapshot& snapshot) {
  const Value stored = TRY(parse_stored(snapshot.state));
  const Definitions pinned = TRY(find_definitions(installation_, snapshot.instance, stored));
  Slot slot;
  slot.record = TRY(InstanceRecord::parse(snapshot.state, snapshot.instance, pinned.project, pinned.workflow,
                                          interpreter_for(pinned.project, pinned.workflow), installation_));
  slot.snapshot_sequence = snapshot.sequence;
  const std::vector<journal::Event> events = TRY(store_.events_of(snapshot.instance, snapshot.sequence));
  for (const journal::Event& event : events) TRY(slot.record->replay(event, installation_));
  return slot;
}

std::optional<std::string> Engine::Loop::serialised(const std::string& instance) const {
  const auto found = instances_.find(instance);
  if (found == instances_.end()) return std::nullopt;
  return found->second.record->serialise();
}

Result<std::string> Engine::Loop::rebuilt(const std::string& instance, bool from_snapshot) {
  const Slot slot = TRY(from_snapshot ? load(instance) : load_events(instance));
  return slot.record->serialise();
}

}  // namespace gantry::engine

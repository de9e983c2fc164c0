// What a journal does because it is one of several: it draws ids that are its own, and follows the one that is their
// home.
#include <utility>

#include "engine/loop.h"
#include "engine/policy_change.h"
#include "engine/record_data.h"

namespace gantry::engine {
namespace {

using journal::EventType;

GateRequest gate_request_of(const journal::Event& event) {
  const Value stop = event.data.member("stop");
  return {.stop = {std::string(stop.string_or("tool", "")), std::string(stop.string_or("workflow", "")),
                   std::string(stop.string_or("principal", ""))},
          .stops = event.type == EventType::gate_stopped,
          .reason = std::string(event.data.string_or("reason", "")),
          .by = {std::string(event.data.string_or("by", "")), {}}};
}

}  // namespace

// Who deployed a version first is its author here, too, which is why each deployment is followed and not only the last.
Status Installation::follow(const HomeChange& change, Timestamp now) {
  const journal::Event& event = change.event;
  if (event.type == EventType::gate_stopped || event.type == EventType::gate_started) {
    const Status changed = change_gate(gate_request_of(event), now);
    const bool was_so = !changed && changed.error().code == Code::not_found;
    return was_so ? done() : changed;
  }
  if (event.type != EventType::project_deployed) return done();
  const std::string digest(event.data.string_or("project", ""));
  const auto known = current();
  if (known && known->digest.hex() == digest) return done();
  TRY(store_.save_project(digest, change.files));
  definition::ProjectPointer deployed = TRY(project(digest));
  definition::Principal by = TRY(principal_from(event.data.member("principal")));
  return deploy(
      {.project = std::move(deployed), .by = std::move(by), .effect = std::string(event.data.string_or("effect", ""))},
      now);
}

Result<Value> Engine::Loop::handle(const FollowRequest& request, Work& work, Turn&) {
  const definition::ProjectPointer before = work.policies;
  TRY(installation_.follow(request.change, work.now));
  const definition::ProjectPointer after = installation_.current();
  if (before == after) return Value();
  arm_schedules();
  if (before && changes_the_gate(*before, *after)) reconsider_all();
  return Value();
}

std::string Engine::Loop::new_id(Timestamp now) {
  std::string id = new_identifier(now, *parts_.random);
  while (options_.accepts_id && !options_.accepts_id(id)) id = new_identifier(now, *parts_.random);
  return id;
}

}  // namespace gantry::engine

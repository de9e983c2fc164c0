// Retention: what has ended long ago is removed, whole instances at a time, in steps of bounded size; what is under a
// legal hold stays. The chain goes on over what is gone by signed removals (docs/reference/audit.md), and each step is
// recorded by the event instances_removed. Freed pages are used again, so the file stops growing; it does not shrink.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "definition/principal.h"
#include "journal/store.h"

namespace gantry::journal {

struct RetentionPolicy {
  std::optional<Duration> instances = {};          // how long after their end; none: for ever
  std::map<std::string, std::optional<Duration>> workflows = {};  // "namespace/name", instead of the above
  bool keeps_everything() const { return !instances && workflows.empty(); }
  // How long instances of this workflow are kept after their end; none: for ever.
  std::optional<Duration> kept_for(const std::string& workflow) const;
};

struct Removed {
  std::size_t instances = 0;  // whole ones
  std::size_t events = 0;
  bool more = false;  // the step's bound was reached
};

// Instances that may go now, those that were started first first: ended, old enough, not held, no effect unresolved,
// and no parent that still runs. Reads on a connection of its own, so any thread may look beside the writer.
Result<std::vector<std::string>> find_removable(Store& store, const RetentionPolicy& policy, Timestamp now,
                                                std::size_t instances_max);

// Removes those of `instances` that may still go, at most so many events in this one transaction; an instance with more
// is removed over several steps. Needs the signing key, and refuses to sign for events whose hashes don't fit.
// Only where Store::append is allowed. Errors: invalid_argument (no key), conflict (the chain is broken: the message
// says where), and those of the store.
Result<Removed> remove_instances(Store& store, const std::vector<std::string>& instances, const RetentionPolicy& policy,
                                 Timestamp now, std::size_t events_max);

// A legal hold on a workflow ("namespace/name") or an instance; exactly one of the two.
struct HoldRequest {
  std::string workflow = {}, instance = {};
  definition::Principal by = {};
  std::string reason = {};
  Timestamp at{};
};
// Errors: invalid_argument, not_found (no such hold; no such instance), conflict (held already), those of the store.
Status place_hold(Store& store, const HoldRequest& request);
Status lift_hold(Store& store, const HoldRequest& request);

struct Hold {
  std::string scope;  // "workflow:NAMESPACE/NAME" or "instance:ID"
  std::string person, reason;
  Timestamp at{};
};
Result<std::vector<Hold>> holds(Store& store);

}  // namespace gantry::journal

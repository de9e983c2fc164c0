// The events of the journal: append-only, the truth; every table and view is rebuilt from them.
//
// Some events are *inputs*: the interpreter computes its state from them and from nothing else, so that replaying them
// gives the same state byte for byte. The others are *records*: what the engine did because of the input before them.
// One input and its records are always in one transaction.
//
// `data` by type (labels are stored with the values; large values are kept once, by content hash, in blobs):
//   project_deployed    {project, files: count, principal, schedules}                  record, instance ""
//   event_received      {source, id, event: CloudEvent, principal}                     record, instance ""
//   instance_started    {workflow:{namespace,name,version,digest}, project, input, principal:{person,roles},
//                        key?, parent?:{instance,task,await,depth}, request?: what the first workflow got}    input
//                        key?, parent?:{instance,task,await,depth}, schedule?:{name,trigger,due?}}
//                                                                                      input
//   instance_continued  {}            a long computation is cut into turns             input
//   instance_cancelled  {by:{person,roles}, reason}                                    input
//   instance_completed  {output}                                                       record
//   instance_faulted    {error}                                                        record
//   effect_proposed     {effect:{id,task,tool,operation,class,arguments,digest,key}, verdict}
//                                                                                      record: waits for approval
//   effect_permitted    {effect:{...} or {id} if proposed before, verdict, approvals?} record: the durable intent
//   effect_denied       {effect:{...} or {id}, verdict, reason}                        input (an authorization error)
//   effect_sent_again   {effect, attempt, reason}                                      record
//   effect_ambiguous    {effect, reason}                                               record
//   effect_done         {effect, result, resolvedBy?: key|readBack|person}             input
//   effect_failed       {effect, error, resolvedBy?}                                   input
//   timer_set           {timer, due, purpose}                                          record
//   timer_fired         {timer}                                                        input
//   timer_cancelled     {timer}                                                        record
//   task_created        {task, kind: approval|decision|resolution, title, effect?, digest?, requirements?, roles?,
//                        answerSchema?, context, expires?, requester}                  record
//   task_voted          {task, person, roles, approve, comment, digest}                record
//   task_answered       {task, person, roles, answer}                                  input for kind decision
//   task_closed         {task, outcome: approved|rejected|expired|answered|withdrawn}  record
//   decision_made       {decision, digest, task, decider, rules, answer, millibits}    record
//   event_emitted       {event: CloudEvent, task}                                      record
//   child_started       {child, workflow, task, await}                                 record
//   child_ended         {child, status, output?, error?}                               input
//   instance_suspended  {by:{person,roles}, reason}    inputs are kept from here on    record
//   instance_resumed    {by:{person,roles}}            and taken now                   input
//   instance_stuck      {reason} it can't be rebuilt; {} it can again                  record
//   event_delivered     {event: CloudEvent, deferred?}                                 input
//   data_erased         {by, reason, instance?, events, instances, remains, supersedes}  record, instance "": erasure.h
//   instances_removed   {workflows: {name: count}, instances, events}                  record, instance "": retention.h
//   hold_placed         {workflow?|instance?, by, reason}  retention removes nothing   record, instance ""
//   hold_lifted         {workflow?|instance?, by, reason}                              record, instance ""
//   task_escalated      {task, roles}                  these roles may fill any seat   record
//   gate_stopped        {stop: {tool?, workflow?, principal?}, reason, by}             record, instance ""
//   gate_started        {stop: {tool?, workflow?, principal?}, by}                     record, instance ""
//   schedule_set        {schedule, due}                when `after` is due             record, instance ""
//   schedule_event      {schedule, collection, progress, event?} | {..., ready, principal} | {..., started} |
//                       {..., dropped}                 what `on` has collected         record, instance ""
//   instance_migrated   {migration, workflow, project: those that it goes on under, before: {workflow, project},
//                        mapping: {name, tasks, context}, by}     the state moves     record
//   migration_undone    {migration, workflow, project, before, by}  and moves back    record
//
// Also there, where it applies: project_deployed.workflows, effect_permitted.readBackOf, effect_sent_again.certain,
// effect_ambiguous.notSent, task_created.policy, .requesterExcluded, .authorExcluded, .alsoExcluded, .effectDigest,
// .escalations and .risk, instance_started.parent.above and .askers, task_voted.onBehalfOf, project_deployed.policies
// and .effect. `charges` of effect_proposed and effect_permitted, and `refunds` of effect_failed, are [{budget, key,
// amount, at, per?, asks?}]: what budgets are charged and given back.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "value/value.h"

namespace gantry::journal {

enum class EventType : std::uint8_t {
  project_deployed,
  event_received,
  instance_started,
  instance_continued,
  instance_cancelled,
  instance_completed,
  instance_faulted,
  effect_proposed,
  effect_permitted,
  effect_denied,
  effect_sent_again,
  effect_ambiguous,
  effect_done,
  effect_failed,
  timer_set,
  timer_fired,
  timer_cancelled,
  task_created,
  task_voted,
  task_answered,
  task_closed,
  decision_made,
  event_emitted,
  child_started,
  child_ended,
  instance_suspended,
  instance_resumed,
  instance_stuck,
  event_delivered,
  data_erased,
  instances_removed,
  hold_placed,
  hold_lifted,
  task_escalated,
  gate_stopped,
  gate_started,
  schedule_set,
  schedule_event,
  instance_migrated,
  migration_undone,
};
inline constexpr std::size_t event_type_count = static_cast<std::size_t>(EventType::migration_undone) + 1;

const char* name_of(EventType type);
Result<EventType> parse_event_type(std::string_view name);

struct Event {
  std::string instance;        // "" for events of the installation
  std::uint64_t sequence = 0;  // within the instance, from 1, without gaps
  Timestamp at{};
  EventType type{};
  Value data;
};

}  // namespace gantry::journal

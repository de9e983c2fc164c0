#include "engine/installation.h"

#include <fmt/format.h>

#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "value/json.h"
#include "value/stored.h"

namespace gantry::engine {
namespace {

using journal::EventType;

Value files_value(const definition::SourceFiles& files) {
  std::vector<Member> members;
  for (const auto& [path, text] : files) members.push_back({Text(path), Value(text)});
  return Value::object(std::move(members));
}

Value versions_of(const definition::Project& project) {
  std::vector<Member> members;
  for (const auto& [name, workflow] : project.workflows)
    members.push_back({Text(name.text()), Value(workflow->digest.hex())});
  return Value::object(std::move(members));
}

Result<definition::SourceFiles> files_from(std::string_view text) {
  const Value document = TRY(parse_json(text));
  definition::SourceFiles files;
  if (!document.is_object()) return Error{Code::internal, "the stored files are no object"};
  for (const Member& member : document.members()) {
    if (!member.value.is_string()) return Error{Code::internal, "a stored file is no text"};
    files.emplace(std::string(member.key.view()), std::string(member.value.as_string()));
  }
  return files;
}

Result<definition::ProjectPointer> load_files(definition::SourceFiles files, const std::string& digest) {
  std::optional<std::pair<std::string, std::string>> single;
  if (files.size() == 1) single = *files.begin();
  auto loaded = definition::load_project(std::move(files));
  if (auto* project = std::get_if<definition::ProjectPointer>(&loaded); project && (*project)->digest.hex() == digest)
    return *project;
  if (single) {
    auto alone = definition::load_single_workflow(single->first, single->second);
    if (auto* project = std::get_if<definition::ProjectPointer>(&alone); project && (*project)->digest.hex() == digest)
      return *project;
  }
  if (auto* problems = std::get_if<definition::Problems>(&loaded); problems && !problems->empty()) {
    return Error{Code::conflict, fmt::format("project {}: this version of Gantry can't read it any more: {}", digest,
                                             definition::format(problems->front()))};
  }
  return Error{Code::conflict, fmt::format("project {}: its stored files have another digest", digest)};
}

}  // namespace

Status Installation::open() {
  const std::optional<journal::Snapshot> snapshot = TRY(store_.latest_snapshot(""));
  if (snapshot) {
    if (auto read = read_snapshot(*snapshot); !read)
      log(LogLevel::warning,
          "engine: the snapshot of the installation was ignored" + log_field("error", read.error().message));
  }
  const std::vector<journal::Event> events = TRY(store_.events_of("", sequence_));
  for (const journal::Event& event : events) {
    sequence_ = event.sequence;
    TRY(note(event));
    if (event.type == EventType::project_deployed) TRY(schedules_.deploy(event.data.member("schedules")));
    if (event.type == EventType::schedule_set || event.type == EventType::schedule_event) TRY(schedules_.fold(event));
  }
  next_sequence_ = sequence_;
  const std::optional<std::string> newest = TRY(store_.current_project());
  if (!newest) return done();
  set_current(TRY(project(*newest)));
  return done();
}

std::string Installation::serialise() const {
  std::vector<Member> versions, authors;
  for (const auto& [name, digest] : versions_) versions.push_back({Text(name), Value(digest)});
  for (const auto& [name, person] : authors_) authors.push_back({Text(name), Value(person)});
  return print_stored(Value::object({{"format", 2},
                                     {"versions", Value::object(std::move(versions))},
                                     {"authors", Value::object(std::move(authors))},
                                     {"stops", to_value(stops_)},
                                     {"schedules", schedules_.serialise()}}));
}

// Changes nothing when it can't be read: then all events are.
Status Installation::read_snapshot(const journal::Snapshot& snapshot) {
  const Value stored = TRY(parse_stored(snapshot.state));
  const Value* versions = stored.find("versions");
  const Value authors = stored.member("authors"), stops = stored.member("stops");
  if (stored.integer_or("format", 0) != 2 || versions == nullptr || !versions->is_object() || !authors.is_object() ||
      !stops.is_array())
    return Error{Code::conflict, "it has another format"};
  TRY(schedules_.read(stored.member("schedules")));
  for (const Member& author : authors.members())
    if (author.value.is_string()) authors_[std::string(author.key.view())] = author.value.as_string();
  for (const Value& each : stops.items()) {
    const auto at = parse_timestamp(each.string_or("at", ""));
    note_gate({"", 0, at.ok() ? *at : Timestamp{}, EventType::gate_stopped,
               Value::object({{"stop", each}, {"reason", each.member("reason")}, {"by", each.member("by")}})});
  }
  for (const Member& version : versions->members())
    if (version.value.is_string()) versions_[std::string(version.key.view())] = version.value.as_string();
  sequence_ = snapshot_sequence_ = next_snapshot_sequence_ = snapshot.sequence;
  return done();
}

void Installation::add_snapshot(journal::Batch& batch, std::uint64_t every_events) {
  if (next_sequence_ - snapshot_sequence_ < every_events) return;
  batch.snapshots.push_back({"", next_sequence_, serialise()});
  next_snapshot_sequence_ = next_sequence_;
}

Status Installation::catch_up() {
  sequence_ = next_sequence_ = TRY(store_.last_sequence(""));
  return done();
}

void Installation::committed() {
  schedules_before_.reset();
  sequence_ = next_sequence_;
  snapshot_sequence_ = next_snapshot_sequence_;
}

void Installation::rolled_back() {
  if (schedules_before_) schedules_ = *std::exchange(schedules_before_, std::nullopt);
  next_sequence_ = sequence_;
  next_snapshot_sequence_ = snapshot_sequence_;
}

Status Installation::note(const journal::Event& event) {
  if (event.type == EventType::project_deployed) note_deployed(event);
  if (event.type == EventType::gate_stopped || event.type == EventType::gate_started) note_gate(event);
  return done();
}

void Installation::note_deployed(const journal::Event& event) {
  const Value versions = event.data.member("workflows");
  if (!versions.is_object()) return;
  const Value principal = event.data.member("principal");
  const std::string person(principal.is_object() ? principal.string_or("person", "") : "");
  for (const Member& version : versions.members()) {
    if (!version.value.is_string()) continue;
    const std::string name(version.key.view());
    if (versions_.emplace(name, version.value.as_string()).second && !person.empty()) authors_[name] = person;
  }
}

definition::ProjectPointer Installation::current() const {
  std::lock_guard lock(mutex_);
  return current_;
}

void Installation::set_current(definition::ProjectPointer project) {
  loaded_[project->digest.hex()] = project;
  schedules_.bind(*project);
  std::lock_guard lock(mutex_);
  current_ = std::move(project);
}

Result<definition::ProjectPointer> Installation::project(const std::string& digest) {
  if (auto found = loaded_[digest].lock()) return found;
  const std::string text = TRY(store_.project_files(digest));
  definition::SourceFiles files = TRY(files_from(text));
  auto project = TRY(load_files(std::move(files), digest));
  loaded_[digest] = project;
  return project;
}

Status Installation::check_versions(const definition::Project& project) const {
  for (const auto& [name, workflow] : project.workflows) {
    auto known = versions_.find(name.text());
    if (known == versions_.end() || known->second == workflow->digest.hex()) continue;
    return Error{
        Code::conflict,
        fmt::format("{}: workflow {} was deployed before with other contents (digest {}, now {}); "
                    "give it a new version",
                    workflow->path, name.text(), known->second.substr(0, 12), workflow->digest.hex().substr(0, 12))};
  }
  return done();
}

Status Installation::save(const definition::Project& project) {
  TRY(check_versions(project));
  return store_.save_project(project.digest.hex(), print_canonical(files_value(project.files)));
}

Status Installation::deploy(const DeployRequest& request, Timestamp now) {
  const definition::Project& project = *request.project;
  const std::string digest = project.digest.hex();
  if (auto newest = current(); newest && newest->digest == project.digest) return done();
  TRY(save(project));
  const auto before = current();
  const Value schedules = schedules_.in_force(project, now);
  Value data = Value::object(
      {{"project", digest},
       {"schedules", schedules},
       {"files", project.files.size()},
       {"principal", engine::to_value(request.by)},
       {"workflows", versions_of(project)},
       {"policies", Value::object({{"from", before ? Value(gate::policy_digest(*before)) : Value()},
                                   {"to", gate::policy_digest(project)}})}});
  if (!request.effect.empty()) data = std::move(data).with_member("effect", request.effect);
  const journal::Event event{"", next_sequence_ + 1, now, EventType::project_deployed, std::move(data)};
  TRY(store_.append({.events = {event}, .snapshots = {}}));
  note_deployed(event);
  sequence_ = next_sequence_ = event.sequence;
  TRY(schedules_.deploy(schedules));
  set_current(request.project);
  return done();
}

void Installation::note_schedule(EventType type, Value data, Timestamp now, journal::Batch& batch) {
  if (!schedules_before_) schedules_before_ = schedules_;
  batch.events.push_back({"", ++next_sequence_, now, type, std::move(data)});
  const Status folded = schedules_.fold(batch.events.back());
  GANTRY_ASSERT(folded.ok(), folded.error().message.c_str());
}

void Installation::receive(const ReceiveRequest& request, Timestamp now, journal::Batch& batch) {
  batch.events.push_back({"", ++next_sequence_, now, EventType::event_received,
                          Value::object({{"source", request.cloud_event.member("source")},
                                         {"id", request.cloud_event.member("id")},
                                         {"event", request.cloud_event},
                                         {"principal", engine::to_value(request.from)}})});
}

}  // namespace gantry::engine

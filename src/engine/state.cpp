#include "engine/state.h"

#include "base/assert.h"

namespace gantry::engine {

InstanceState::InstanceState() : data_(std::make_unique<Data>()) {}
InstanceState::InstanceState(InstanceState&&) noexcept = default;
InstanceState& InstanceState::operator=(InstanceState&&) noexcept = default;
InstanceState::~InstanceState() = default;

InstanceState::Status InstanceState::status() const {
  return data_->status;
}

bool InstanceState::waiting() const {
  return data_->status == Status::running && !data_->continuing;
}

const Value& InstanceState::output() const {
  return data_->output;
}

const Value& InstanceState::error() const {
  return data_->error;
}

std::uint64_t InstanceState::quarantine_millibits() const {
  return data_->counters.quarantine_millibits;
}

std::uint64_t InstanceState::take_task_number() {
  return ++data_->counters.tasks;
}

namespace {

void add_active(const Branch& branch, std::vector<std::string>& references) {
  for (const std::unique_ptr<Frame>& frame : branch.frames) {
    const bool started = frame->phase != Phase::entering && frame->phase != Phase::before;
    if (frame->task != nullptr && started) references.push_back(frame->task->reference);
    const auto* fork = std::get_if<ForkProgress>(&frame->progress);
    if (fork == nullptr) continue;
    for (const std::unique_ptr<Branch>& each : fork->branches) add_active(*each, references);
  }
}

}  // namespace

std::vector<std::string> InstanceState::active_tasks() const {
  std::vector<std::string> references;
  if (data_->root) add_active(*data_->root, references);
  return references;
}

std::vector<const definition::EventConsumption*> InstanceState::listens() const {
  std::vector<const definition::EventConsumption*> found;
  for (const Pending& listen : data_->listens)
    found.push_back(&std::get<definition::ListenTask>(listen.frame->task->body).to);
  return found;
}

const definition::TaskList* list_of(const Frame& frame, const definition::Workflow& workflow) {
  if (frame.task == nullptr) return &workflow.tasks;
  if (in_extension_phase(frame)) {
    const definition::Extension& extension = frame.task->extensions[frame.extension->chosen[frame.extension->at]];
    return frame.phase == Phase::before ? &extension.before : &extension.after;
  }
  const auto& body = frame.task->body;
  if (const auto* sequence = std::get_if<definition::DoTask>(&body)) return &sequence->tasks;
  if (const auto* loop = std::get_if<definition::ForTask>(&body)) return &loop->body;
  if (const auto* guarded = std::get_if<definition::TryTask>(&body)) {
    if (frame.phase != Phase::handler) return &guarded->body;
    return guarded->handler ? &*guarded->handler : nullptr;
  }
  if (const auto* listen = std::get_if<definition::ListenTask>(&body)) {
    const auto* progress = std::get_if<ListenProgress>(&frame.progress);
    return listen->each && progress != nullptr && progress->processing ? &listen->each->body : nullptr;
  }
  return nullptr;
}

}  // namespace gantry::engine

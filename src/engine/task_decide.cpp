// call: decide. The deciders of the decision are asked in their order until one answers.
#include <fmt/format.h>

#include "decision/rules.h"
#include "engine/interpreter_execution.h"
#include "value/json.h"

namespace gantry::engine {
namespace {

Label secrecy_of(Label label) {
  const LabelContent& content = label.content();
  return Label::of({.integrity = Integrity::trusted,
                    .secrecy = content.secrecy,
                    .sources = {},
                    .compartments = content.compartments});
}

}  // namespace

const definition::Decision* Execution::find_decision(const std::string& name) const {
  if (setting_.project == nullptr) return nullptr;
  const auto found = setting_.project->decisions.find(name);
  return found == setting_.project->decisions.end() ? nullptr : found->second.get();
}

void Execution::begin(Branch& branch, Frame& frame, const definition::DecideTask& task) {
  std::optional<Value> input =
      evaluate(branch, frame, {.field = "decide.input", .input = &frame.input}, task.input, frame.input);
  if (!input) return;
  const definition::Decision* decision = find_decision(task.decision);
  if (decision == nullptr) {
    const std::string detail = "call: decide: the project has no decision `" + task.decision + "`.";
    return raise(branch, make_error(ErrorKind::configuration, "Unknown decision", detail, frame.task->reference));
  }
  if (!validate(branch, frame, "decide.input", decision->input, *input)) return;
  frame.value = std::move(*input);
  ask_decider(branch, frame, *decision, 0);
}

void Execution::ask_decider(Branch& branch, Frame& frame, const definition::Decision& decision, std::size_t from) {
  for (std::size_t index = from; index < decision.deciders.size(); ++index) {
    const definition::Decider& decider = decision.deciders[index];
    if (decider.kind == definition::Decider::Kind::person) {
      std::string id = state_.instance + "-t" + std::to_string(++state_.counters.tasks);
      turn_.actions.emplace_back(AskPerson{.human_task = id,
                                           .task = frame.task->reference,
                                           .decision = decision.name,
                                           .question = decision.question,
                                           .roles = decider.roles,
                                           .input = frame.value,
                                           .answer_schema = decision.answer_schema});
      return wait_for(branch, frame, {.kind = Waiting::For::person, .id = std::move(id), .decider = index});
    }
    Result<decision::Answer> answer =
        decision::decide_by_rules(decision, frame.value, now_, setting_.limits.expression);
    if (!answer) {
      return raise(branch, make_error(ErrorKind::expression, "Decision failed", answer.error().message,
                                      frame.task->reference, frame.value.deep_label()));
    }
    if (answer->matched) {
      return decided(branch, frame, decision, "rules", std::move(answer->rules), std::move(answer->answer));
    }
  }
  const std::string detail = "call: decide: none of the deciders of `" + decision.name + "` had an answer.";
  raise(branch, make_error(ErrorKind::runtime, "No decider answered", detail, frame.task->reference));
}

void Execution::decided(Branch& branch, Frame& frame, const definition::Decision& decision, const char* decider,
                        std::vector<std::string> rules, Value given) {
  std::optional<Value> answer = admit(branch, frame, "decide.answer", ErrorKind::runtime, std::move(given));
  if (!answer) return;
  if (!validate(branch, frame, "decide.answer", decision.answer, *answer)) return;
  std::uint64_t millibits = 0;
  if (decision.quarantined && !release(branch, frame, decision, *answer, millibits)) return;
  turn_.actions.emplace_back(RecordDecision{.decision = decision.name,
                                            .digest = decision.digest.hex(),
                                            .task = frame.task->reference,
                                            .decider = decider,
                                            .rules = std::move(rules),
                                            .answer = *answer,
                                            .millibits = millibits});
  complete(branch, std::move(*answer));
}

// A closed answer about something untrusted is better than that, because it can't say more than one of a few things; how
// much it can say is charged to the run. Written in one way only, so that nothing is said by the order of members.
bool Execution::release(Branch& branch, Frame& frame, const definition::Decision& decision, Value& answer,
                        std::uint64_t& millibits) {
  LabelContent content = answer.deep_label().content();
  if (content.integrity != Integrity::untrusted) return true;
  const std::size_t bits_max = setting_.project->settings.quarantine_bits;
  const std::uint64_t told = state_.counters.quarantine_millibits;
  const auto cost = static_cast<std::uint64_t>(decision.answer_millibits);
  if (told + cost > bits_max * 1000) {
    const std::string detail = fmt::format(
        "call: decide: the answer of `{}` can tell {:.3g} bits about untrusted data, this run has been told {:.3g}, and "
        "{} are allowed (quarantineBits in gantry.yaml).",
        decision.name, static_cast<double>(cost) / 1000, static_cast<double>(told) / 1000, bits_max);
    raise(branch, make_error(ErrorKind::runtime, "Too much told", detail, frame.task->reference));
    return false;
  }
  millibits = cost;
  state_.counters.quarantine_millibits = told + cost;
  content.integrity = Integrity::constrained;
  content.sources.push_back("decision:" + decision.name);
  if (auto canonical = parse_json(print_canonical(answer))) answer = *std::move(canonical);
  answer = answer.relabelled(Label::of(std::move(content)));
  return true;
}

void Execution::task_answered(const std::string& human_task, const Value& answer) {
  Branch* branch = awake(Waiting::For::person, human_task);
  if (branch == nullptr) return;
  Frame& frame = *branch->frames.back();
  // Whoever answers has seen what was shown, and the answer may tell of it. How good it is, the engine has said.
  Value given = answer.labelled(secrecy_of(frame.value.deep_label()));
  if (std::holds_alternative<definition::ApprovalTask>(frame.task->body)) return complete(*branch, std::move(given));
  const auto* task = std::get_if<definition::DecideTask>(&frame.task->body);
  const definition::Decision* decision = task == nullptr ? nullptr : find_decision(task->decision);
  if (decision == nullptr) {
    return raise(*branch, make_error(ErrorKind::configuration, "Unknown decision",
                                     "The decision that was asked for is not in the project.", frame.task->reference));
  }
  decided(*branch, frame, *decision, "person", {}, std::move(given));
}

}  // namespace gantry::engine

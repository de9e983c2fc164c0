// Random small workflows: where `prove` says "holds", the real interpreter is given every short sequence of answers for
// a few inputs, and must never do what is forbidden. The seeds are fixed, so the test is the same every time.
#include <fmt/format.h>

#include <deque>
#include <map>
#include <random>

#include "engine/interpreter.h"
#include "prove/prove_fixture.h"

namespace gantry::prove::testing {
namespace {

constexpr int workflows_tried = 25;
constexpr std::size_t states_max = 120;  // of one proof; with more there are fewer 'unknown', and it takes longer
constexpr std::size_t runs_max = 60;     // of one workflow with one input
constexpr std::size_t answers_max = 12;  // in one run; later ones are not given

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  std::string workflow() { return "do:\n" + list(2, 3 + pick(3)); }

 private:
  std::size_t pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
  std::string condition() {
    constexpr const char* texts[] = {".cleared == true",
                                          "$context.ok == true",
                                          ".cleared != true",
                                          ".n > 1",
                                          "$context.ok == true and .n != 2",
                                          "(.n // 0) + 1 < 3 or .cleared == true",
                                          "$context.cleared == true",
                                          ".cleared | not",
                                          "[.n, $context.ok] == [1, true]"};
    return texts[pick(std::size(texts))];
  }
  std::string indent(std::size_t depth) { return std::string(depth, ' '); }

  std::string list(std::size_t depth, std::size_t count) {
    std::string text;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back(fmt::format("t{}", next_++));
    for (std::size_t i = 0; i < count; ++i) text += task(depth, names[i], names);
    return text;
  }

  std::string then(const std::vector<std::string>& names) {
    switch (pick(8)) {
      case 0:
        return "end";
      case 1:
        return "exit";
      case 2:
        return names[pick(names.size())];
      default:
        return "continue";
    }
  }

  std::string task(std::size_t depth, const std::string& name, const std::vector<std::string>& names) {
    const std::string in = indent(depth), more = indent(depth + 4);
    std::string text = fmt::format("{}- {}:\n", in, name);
    const auto line = [&](const std::string& part) { text += more + part + "\n"; };
    const bool deep = depth > 16;
    std::size_t kind = pick(deep ? 6 : 11);
    if (pick(3) == 0 || kind == 1) line(fmt::format("if: '{}'", condition()));
    if (kind != 4 && pick(6) == 0) line("then: " + then(names));
    switch (kind) {
      case 0:
        line("call: customs.status");
        line(pick(2) == 0 ? "export: {as: .}" : "export: {as: '{ok: .cleared}'}");
        break;
      case 1:
      case 2:
        line("call: tos.release");
        break;
      case 3:
        line(pick(2) == 0 ? "set: {cleared: true, n: 2}"
                          : "set: {n: '${ (.n // 0) + 1 }', cleared: '${ $context.ok }'}");
        if (pick(3) == 0) line("export: {as: '{ok: .cleared}'}");
        break;
      case 4:
        line("switch:");
        line(fmt::format("  - a: {{when: '{}', then: {}}}", condition(), then(names)));
        if (pick(2) == 0) line(fmt::format("  - b: {{then: {}}}", then(names)));
        break;
      case 5:
        line("raise: {error: {type: bad, status: 400}}");
        break;
      case 6:
        line("do:");
        text += list(depth + 6, 1 + pick(3));
        break;
      case 7:
        line("try:");
        text += list(depth + 6, 1 + pick(2));
        line("catch:");
        line(pick(3) == 0 ? "  errors: {with: {type: communication}}" : "  as: problem");
        if (pick(3) == 0) line("  retry: {limit: {attempt: {count: 1}}}");
        if (pick(2) == 0) {
          line("  do:");
          text += list(depth + 8, 1 + pick(2));
        }
        break;
      case 8:
        line("fork:");
        if (pick(2) == 0) line("  compete: true");
        line("  branches:");
        text += branches(depth + 8);
        break;
      case 9:
        line(pick(2) == 0 ? "for: {each: x, in: '[1,2]'}" : "for: {each: x, in: '[.list[]?]'}");
        if (pick(3) == 0) line("while: .n != 2");
        line("do:");
        text += list(depth + 6, 1 + pick(2));
        break;
      default:
        line("timeout: {after: PT1M}");
        line("do:");
        text += list(depth + 6, 1 + pick(2));
        break;
    }
    return text;
  }

  std::string branches(std::size_t depth) {
    std::string text;
    for (std::size_t i = 0, count = 1 + pick(2); i < count; ++i) {
      text += fmt::format("{}- b{}:\n{}do:\n", indent(depth), next_++, indent(depth + 4));
      text += list(depth + 6, 1 + pick(2));
    }
    return text;
  }

  std::mt19937 random_;
  int next_ = 0;
};

// One run that answers as `choices` say, and appends 0 where they say nothing yet.
class Run {
 public:
  Run(const definition::ProjectPointer& project, std::vector<std::size_t>& choices)
      : choices_(choices),
        workflow_(project->find_workflow("test", "main")),
        interpreter_(project, workflow_, limits()) {}

  // Whether tos.release was called without clearance (or, for counts, more than `more_than` times).
  bool breaks(const Value& input, std::size_t more_than, bool excusable) {
    more_than_ = more_than;
    excusable_ = excusable;
    send(journal::EventType::instance_started, Value::object({{"input", input}}));
    while (!broken_ && given_ < answers_max && state_.status() == engine::InstanceState::Status::running) {
      const std::size_t timers = timers_.size();
      const std::size_t options = pending_.size() * 4 + timers;
      if (options == 0) break;
      const std::size_t chosen = choose(options);
      if (chosen >= pending_.size() * 4)
        fire(chosen - pending_.size() * 4);
      else
        answer(chosen / 4, chosen % 4);
    }
    return broken_;
  }
  // The number of options at each choice.
  const std::vector<std::size_t>& options() const { return options_; }

 private:
  static engine::InterpreterLimits limits() {
    engine::InterpreterLimits limits;
    limits.steps_per_turn = 500;
    limits.steps_max = 2'000;
    return limits;
  }

  std::size_t choose(std::size_t options) {
    if (given_ >= choices_.size()) choices_.push_back(0);
    options_.push_back(options);
    return choices_[given_++] % options;
  }

  void fire(std::size_t index) {
    const auto timer = timers_[index];
    timers_.erase(timers_.begin() + static_cast<std::ptrdiff_t>(index));
    now_ = std::max(now_, timer.second);
    send(journal::EventType::timer_fired, Value::object({{"timer", timer.first}}));
  }

  void answer(std::size_t index, std::size_t how) {
    const auto [id, tool] = pending_[index];
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(index));
    if (how < 2) {
      const bool cleared = how == 0;
      if (tool == "customs" && cleared && excusable_) excused_ = true;
      return send(journal::EventType::effect_done,
                  Value::object({{"effect", id}, {"result", Value::object({{"cleared", cleared}, {"n", 1}})}}));
    }
    if (how == 2)
      return send(journal::EventType::effect_failed,
                  Value::object({{"effect", id},
                                 {"error", Value::object({{"type", definition::standard_error_type("communication")},
                                                          {"status", 503}})}}));
    send(journal::EventType::effect_done, Value::object({{"effect", id}, {"result", Value()}}));
  }

  void send(journal::EventType type, Value data) {
    std::deque<journal::Event> queue{
        {.instance = "i", .sequence = 0, .at = now_, .type = type, .data = std::move(data)}};
    while (!queue.empty() && !broken_) {
      journal::Event event = std::move(queue.front());
      queue.pop_front();
      event.sequence = ++sequence_;
      for (const engine::Action& action : interpreter_.apply(state_, event).actions) {
        if (const auto* call = std::get_if<engine::CallEffect>(&action)) called(*call);
        if (const auto* gone = std::get_if<engine::AbandonEffect>(&action))
          std::erase_if(pending_, [&](const auto& one) { return one.first == gone->effect; });
        if (const auto* timer = std::get_if<engine::SetTimer>(&action)) timers_.emplace_back(timer->timer, timer->due);
        if (const auto* gone = std::get_if<engine::CancelTimer>(&action))
          std::erase_if(timers_, [&](const auto& one) { return one.first == gone->timer; });
        if (std::holds_alternative<engine::Continue>(action))
          queue.push_back({.instance = "i",
                           .sequence = 0,
                           .at = now_,
                           .type = journal::EventType::instance_continued,
                           .data = Value::object(std::vector<Member>{})});
      }
    }
  }

  void called(const engine::CallEffect& call) {
    pending_.emplace_back(call.effect, call.tool);
    if (call.tool == "tos" && !excused_ && count_++ >= more_than_) broken_ = true;
  }

  std::vector<std::size_t>& choices_;
  std::shared_ptr<const definition::Workflow> workflow_;
  engine::Interpreter interpreter_;
  engine::InstanceState state_;
  Timestamp now_ = Timestamp(std::chrono::hours(24 * 365 * 56));
  std::vector<std::pair<std::string, std::string>> pending_;
  std::vector<std::pair<std::string, Timestamp>> timers_;
  std::vector<std::size_t> options_;
  std::size_t given_ = 0, count_ = 0, more_than_ = 0;
  std::uint64_t sequence_ = 0;
  bool excused_ = false, excusable_ = true, broken_ = false;
};

// Every sequence of answers, as far as `runs_max` goes; true when one of them breaks the invariant.
bool some_run_breaks(const definition::ProjectPointer& project, const Value& input, std::size_t more_than,
                     bool excusable) {
  std::vector<std::size_t> choices;
  for (std::size_t run = 0; run < runs_max; ++run) {
    Run one(project, choices);
    if (one.breaks(input, more_than, excusable)) return true;
    // The next sequence: the last choice that has another option.
    choices.resize(one.options().size());
    while (!choices.empty() && choices.back() + 1 >= one.options()[choices.size() - 1]) choices.pop_back();
    if (choices.empty()) return false;
    ++choices.back();
  }
  return false;
}

void compare(const char* invariants, std::size_t more_than, bool excusable, std::uint32_t seed_base) {
  std::map<Verdict, int> verdicts;
  for (int index = 0; index < workflows_tried; index += static_cast<int>(random_one_in)) {
    const std::string workflow = Generator(seed_base + static_cast<std::uint32_t>(index)).workflow();
    const auto project = project_of(workflow, policy_with(invariants));
    ASSERT_NE(project, nullptr) << workflow;
    Options options;
    options.states_max = states_max;
    options.seconds_max = 3600;  // the states are the limit: the same verdicts however busy the machine is
    const std::vector<Finding> findings = prove(project, options);
    ASSERT_EQ(findings.size(), 1u);
    ++verdicts[findings[0].verdict];
    if (findings[0].verdict != Verdict::holds) continue;
    for (const char* input : {"{}", R"({"cleared":true,"n":1,"list":[1]})", R"({"n":2,"list":[1,2]})", "null"}) {
      ASSERT_FALSE(some_run_breaks(project, *parse_json(input), more_than, excusable))
          << "seed " << index << " input " << input << "\n"
          << workflow << text_of(findings[0]);
    }
  }
  // Otherwise the test would test nothing.
  EXPECT_GE(verdicts[Verdict::holds], random_one_in == 1 ? 2 : 0);
  EXPECT_GE(verdicts[Verdict::counter_example], random_one_in == 1 ? 2 : 0);
}

TEST(ProveSoundness, NoRunBreaksAnOrderThatWasProven) {
  compare(cleared_first, 0, true, 1'000);
}

TEST(ProveSoundness, NoRunBreaksACountThatWasProven) {
  compare("  - {id: twice, never: tos.release, moreThan: 2}\n", 2, false, 2'000);
}

}  // namespace
}  // namespace gantry::prove::testing

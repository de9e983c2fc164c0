#include "engine/replay_check.h"

#include "engine/engine_fixture.h"

namespace gantry::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A store whose events say something else than what took place.
class EditedStore final : public journal::ForwardingStore {
 public:
  EditedStore(journal::Store& inner, std::function<void(journal::Event&)> edit)
      : ForwardingStore(inner), edit_(std::move(edit)) {}
  Result<std::vector<journal::Event>> events_of(std::string_view instance, std::uint64_t after) override {
    auto events = inner_.events_of(instance, after);
    if (events)
      for (journal::Event& event : *events) edit_(event);
    return events;
  }
  Result<std::string> project_files(std::string_view digest) override { return inner_.project_files(digest); }

 protected:
  std::optional<Error> refusal() override { return Error{Code::denied, "only what an audit reads"}; }

 private:
  std::function<void(journal::Event&)> edit_;
};

class ReplayCheck : public EngineTest {
 protected:
  void SetUp() override {
    files_["decisions/size.yaml"] = R"(
decision: size
version: 1.0.0
question: How large is it?
answer: {type: string}
deciders: [rules]
inputs: {n: .n}
rules:
  - {id: none, match: {n: 0}, answer: none}
  - {id: one, match: {n: 1}, answer: one}
  - {id: many, match: {n: ">= 2"}, answer: many}
)";
    open_with(
        "- look: {call: world.plain, with: {a: '${ $input.a }'}}\n"
        "- each:\n    for: {each: n, in: '${ [range(3)] }'}\n    do:\n    - note: {call: world.plain, with: {n: '${ $n "
        "}'}}\n"
        // Several decisions of one task after one input.
        "- sizes:\n    for: {each: n, in: '${ [range(4)] }'}\n    do:\n    - size: {call: decide, with: {decision: "
        "size, input: "
        "'${ {n: $n} }'}}\n"
        "- refused: {try: [{wipe: {call: world.wipe}}], catch: {do: [{say: {set: {said: no}}}]}}\n"
        "- finish: {set: {done: '${ $input.a + 1 }'}}\n");
    auto started = engine_->start({.namespace_ = "t",
                                   .name = "w",
                                   .version = {},
                                   .input = Value::object({{"a", Value(1)}}),
                                   .principal = {"ada", {}},
                                   .key = {}});
    ASSERT_TRUE(started.ok());
    instance_ = started->instance;
    auto outcome = engine_->wait(instance_, std::chrono::minutes(1));
    ASSERT_TRUE(outcome.ok());
    ASSERT_EQ(outcome->status, "completed") << print_json(outcome->error);
  }
  Result<ReplayReport> replay(std::function<void(journal::Event&)> edit = [](journal::Event&) {}) {
    EditedStore store(*kept_, std::move(edit));
    return replay_instance(store, instance_, gate::Gate({{"world", world_}}));
  }
  static void set(journal::Event& event, const char* outer, const char* inner, Value value) {
    Value part = event.data.member(outer);
    event.data = std::move(event.data).with_member(outer, std::move(part).with_member(inner, std::move(value)));
  }
  std::string instance_;
};

TEST_F(ReplayCheck, SameInputsAndPoliciesGiveTheRecordedEventsAndVerdicts) {
  auto report = replay();
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_THAT(report->differences, IsEmpty())
      << report->differences[0].what << print_json(report->differences[0].recorded)
      << print_json(report->differences[0].computed);
  EXPECT_EQ(report->verdicts, 5u);
  EXPECT_EQ(report->status, "completed");
  EXPECT_GE(report->actions, 6u);
}

TEST_F(ReplayCheck, OldVerdictsAreJudgedByTheirOwnPoliciesAfterAChange) {
  files_["policies/port.yaml"] =
      "policy: port\nversion: 2.0.0\nrules:\n  - {id: nothing, classes: [read, write], verdict: deny}\n";
  deploy();
  auto report = replay();
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->differences, IsEmpty());
}

TEST_F(ReplayCheck, AnArgumentAVerdictOrAnOutputThatDoesNotFollowIsNamed) {
  auto changed = [&](journal::EventType type, auto edit) {
    auto report = replay([&](journal::Event& event) {
      if (event.type == type) edit(event);
    });
    EXPECT_TRUE(report.ok()) << report.error().message;
    return report ? report->differences : std::vector<ReplayDifference>{};
  };
  auto differences = changed(journal::EventType::effect_permitted, [](journal::Event& event) {
    if (event.data.member("effect").string_or("task", "") == "/do/0/look")
      set(event, "effect", "arguments", Value::object({{"a", Value(7)}}));
  });
  ASSERT_FALSE(differences.empty());
  EXPECT_THAT(differences[0].what, HasSubstr("'arguments' is another one"));
  EXPECT_EQ(differences[0].computed, Value::object({{"a", Value(1)}}));
  differences = changed(journal::EventType::effect_denied,
                        [](journal::Event& event) { set(event, "verdict", "kind", Value("allow")); });
  ASSERT_THAT(differences, SizeIs(1));
  EXPECT_THAT(differences[0].what, HasSubstr("judges otherwise"));
  differences = changed(journal::EventType::decision_made, [](journal::Event& event) {
    if (event.data.string_or("answer", "") == "one") event.data = std::move(event.data).with_member("answer", "many");
  });
  ASSERT_THAT(differences, SizeIs(1));
  EXPECT_THAT(differences[0].what, HasSubstr("decision size: 'answer' is another one"));
  EXPECT_EQ(differences[0].computed, Value("one"));
  differences = changed(journal::EventType::decision_made, [](journal::Event& event) {
    if (event.data.string_or("answer", "") == "one")
      event.data = std::move(event.data).with_member("task", "/do/9/forged");
  });
  // Nothing makes the forged one, and one that was made has no record.
  EXPECT_THAT(differences,
              ::testing::Contains(::testing::Field(
                  &ReplayDifference::what, HasSubstr("decision at /do/9/forged: the workflow does not make it"))));
  EXPECT_THAT(differences,
              ::testing::Contains(::testing::Field(&ReplayDifference::what, HasSubstr("has no record of it"))));
  differences = changed(journal::EventType::instance_completed, [](journal::Event& event) {
    event.data = Value::object({{"output", Value(9)}});
  });
  ASSERT_THAT(differences, SizeIs(1));
  EXPECT_THAT(differences[0].what, HasSubstr("'output'"));
  differences = changed(journal::EventType::effect_permitted,
                        [](journal::Event& event) { set(event, "verdict", "policy", Value("0")); });
  EXPECT_THAT(differences, SizeIs(4)) << "policies that were never deployed";
}

TEST_F(ReplayCheck, AnErasedOrUnknownInstanceIsSaidToBe) {
  EXPECT_EQ(replay([](journal::Event& event) {
              if (event.type == journal::EventType::instance_started)
                event.data = std::move(event.data).without_member("input");
            })
                .error()
                .code,
            Code::conflict);
  EditedStore store(*kept_, [](journal::Event&) {});
  EXPECT_EQ(replay_instance(store, "nothing", gate::Gate({})).error().code, Code::not_found);
}

}  // namespace
}  // namespace gantry::engine

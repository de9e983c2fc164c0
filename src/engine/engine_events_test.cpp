// CloudEvents through the engine: recorded, delivered once to whoever listens, whatever crashes come.
#include "engine/engine_fixture.h"
#include "engine/installation.h"
#include "engine/instance_record.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class EngineEvents : public EngineTest {
 protected:
  static Value event_value(const std::string& id, const std::string& type, Value data = {}) {
    return Value::object(
        {{"specversion", "1.0"}, {"id", id}, {"source", "/test"}, {"type", type}, {"data", std::move(data)}});
  }
  Result<Received> send(const std::string& id, const std::string& type, Value data = {}) {
    return engine_->receive({event_value(id, type, std::move(data))}, ada_);
  }
  Code code_of(Value event) {
    auto received = engine_->receive({std::move(event)}, ada_);
    return received.ok() ? Code::internal : received.error().code;
  }
  void deploy_listener(const std::string& to, const std::string& name = "w") {
    workflow("  - l: {listen: {to: " + to + "}}\n", name);
  }
  int received_count() { return count("", EventType::event_received); }
};

TEST_F(EngineEvents, AnEventGoesToAllThatListenForItAndToNobodyElse) {
  open_with("  - l: {listen: {to: {one: {with: {type: paid, data: '${ .order == $input.order }'}}}}}\n");
  const std::string one = start(*parse_json(R"({"order":1})"));
  const std::string too = start(*parse_json(R"({"order":1})"));
  const std::string two = start(*parse_json(R"({"order":2})"));
  auto received = send("1", "paid", *parse_json(R"({"order":1})"));
  ASSERT_TRUE(received.ok()) << received.error().message;
  EXPECT_EQ(received->received, 1u);
  EXPECT_EQ(wait(one).status, "completed");
  EXPECT_EQ(print_json(wait(too).output), R"([{"order":1}])");
  EXPECT_EQ(engine_->wait(two, Duration::zero())->status, "waiting");
  EXPECT_EQ(count(two, EventType::event_delivered), 0) << "what it does not want is no part of its journal";
  EXPECT_EQ(received_count(), 1);
}

TEST_F(EngineEvents, AnEventThatNobodyWaitsForIsRecordedAllTheSame) {
  open();
  ASSERT_TRUE(send("1", "t").ok());
  EXPECT_EQ(last("", EventType::event_received).member("event").string_or("id", ""), "1");
  EXPECT_EQ(last("", EventType::event_received).string_or("source", ""), "/test");
}

TEST_F(EngineEvents, WhatComesFromOutsideIsUntrusted) {
  open_with("  - l: {listen: {to: {one: {with: {type: t}}}}}\n");
  const std::string instance = start();
  ASSERT_TRUE(send("1", "t", Value::object({{"x", 1}})).ok());
  const Value output = wait(instance).output;
  EXPECT_EQ(output.item(0).member("x").label().content().integrity, Integrity::untrusted);
  EXPECT_THAT(output.deep_label().content().sources, ElementsAre("event"));
}

TEST_F(EngineEvents, TheSameSourceAndIdIsTakenOnceAlsoAfterARestart) {
  open_with("  - l: {listen: {to: {any: [{with: {type: t}}], until: length == 2}}}\n");
  const std::string instance = start();
  EXPECT_EQ(send("1", "t", Value(1))->duplicates, 0u);
  EXPECT_EQ(send("1", "t", Value(2))->duplicates, 1u);
  open();
  EXPECT_EQ(send("1", "t", Value(3))->duplicates, 1u);
  EXPECT_EQ(received_count(), 1);
  Value other = event_value("1", "t", Value(4)).with_member("source", "/other");
  EXPECT_EQ(engine_->receive({other}, ada_)->duplicates, 0u);
  EXPECT_EQ(print_json(wait(instance).output), "[1,4]");
}

TEST_F(EngineEvents, DuplicatesAreKnownWithinTheWindowOnly) {
  options_.event_window = 2;
  open();
  for (const char* id : {"1", "2", "3"}) ASSERT_TRUE(send(id, "t").ok());
  EXPECT_EQ(send("3", "t")->duplicates, 1u);
  EXPECT_EQ(send("2", "t")->duplicates, 1u);
  EXPECT_EQ(send("1", "t")->duplicates, 0u);
}

TEST_F(EngineEvents, ABatchIsTakenWholeAndInOrder) {
  open_with("  - l: {listen: {to: {any: [], until: length == 3}}}\n  - m: {listen: {to: {any: []}}}\n");
  const std::string instance = start();
  std::vector<Value> batch;
  for (int i = 1; i <= 4; ++i) batch.push_back(event_value(std::to_string(i), "t", Value(i)));
  batch.push_back(event_value("2", "t", Value(9)));
  auto received = engine_->receive(batch, ada_);
  ASSERT_TRUE(received.ok());
  EXPECT_EQ(received->received, 5u);
  EXPECT_EQ(received->duplicates, 1u);
  EXPECT_EQ(print_json(wait(instance).output), "[4]") << "the second listen was there in time for the fourth";
}

TEST_F(EngineEvents, ABatchWithOneBadEventIsRefusedWhole) {
  open();
  auto received = engine_->receive({event_value("1", "t"), Value(5)}, ada_);
  ASSERT_FALSE(received.ok());
  EXPECT_EQ(received.error().code, Code::invalid_argument);
  EXPECT_THAT(received.error().message, HasSubstr("event 2: CloudEvent: expected an object"));
  EXPECT_EQ(received_count(), 0);
  options_.event_batch_max = 2;
  open();
  EXPECT_EQ(engine_->receive({event_value("1", "t"), event_value("2", "t"), event_value("3", "t")}, ada_).error().code,
            Code::invalid_argument);
}

TEST_F(EngineEvents, ATaskEmitsToOtherInstances) {
  deploy_listener("{one: {with: {type: ping}, correlate: {to: {from: .data.to, expect: '${ $workflow.id }'}}}}", "l");
  open_with("  - e: {emit: {event: {with: {type: ping, data: {to: '${ .to }'}}}}}\n");
  const std::string right = start(Value(), "l");
  const std::string wrong = start(Value(), "l");
  EXPECT_EQ(wait(start(Value::object({{"to", right}}))).status, "completed");
  EXPECT_EQ(wait(right).status, "completed");
  EXPECT_EQ(engine_->wait(wrong, Duration::zero())->status, "waiting");
}

TEST_F(EngineEvents, TwoInstancesTalkToEachOther) {
  deploy_listener("{one: {with: {type: question}}}", "answers");
  files_["workflows/answers.yaml"] += "  - e: {emit: {event: {with: {type: answer, data: '${ .[0] * 2 }'}}}}\n";
  open_with(
      "  - e: {emit: {event: {with: {type: question, data: 21}}}}\n  - l: {listen: {to: {one: {with: {type: "
      "answer}}}}}\n");
  const std::string other = start(Value(), "answers");
  EXPECT_EQ(print_json(wait(start()).output), "[42]");
  EXPECT_EQ(wait(other).status, "completed");
}

TEST_F(EngineEvents, InstancesThatAnswerEachOtherWithoutEndLeaveRoomForOthers) {
  workflow(
      "  - l: {listen: {to: {one: {with: {type: pong}}}}}\n  - e: {emit: {event: {with: {type: ping}}}, then: l}\n",
      "ping");
  workflow(
      "  - l: {listen: {to: {one: {with: {type: ping}}}}}\n  - e: {emit: {event: {with: {type: pong}}}, then: l}\n",
      "pong");
  open_with("  - s: {set: {done: true}}\n");
  const std::string ping = start(Value(), "ping");
  const std::string pong = start(Value(), "pong");
  ASSERT_TRUE(send("1", "ping").ok());
  EXPECT_EQ(wait(start()).status, "completed");
  EXPECT_TRUE(engine_->cancel(ping, admin_, "").ok());
  EXPECT_TRUE(engine_->cancel(pong, admin_, "").ok());
  EXPECT_GT(count(ping, EventType::event_delivered), 1);
}

TEST_F(EngineEvents, MoreListenersThanMayBeAreAnErrorForTheSender) {
  options_.event_listeners_max = 2;
  deploy_listener("{one: {with: {type: t}}}", "l");
  open_with("  - e: {emit: {event: {with: {type: t}}}}\n  - s: {set: {x: 1}}\n");
  std::vector<std::string> listeners;
  for (int i = 0; i < 3; ++i) listeners.push_back(start(Value(), "l"));
  EXPECT_EQ(send("1", "t").error().code, Code::exhausted);
  EXPECT_EQ(received_count(), 0);
  ASSERT_TRUE(engine_->cancel(listeners[0], admin_, "").ok());
  EXPECT_EQ(send("1", "t")->duplicates, 0u) << "what was refused is not known";
  EXPECT_EQ(wait(listeners[1]).status, "completed");
}

TEST_F(EngineEvents, ACrashAroundAnyEntryDeliversOnce) {
  deploy_listener("{any: [{with: {type: t}}], until: length == 3}", "l");
  files_["workflows/l.yaml"] += "  - e: {emit: {event: {with: {type: heard, data: '${ . }'}}}}\n";
  open_with("  - l: {listen: {to: {one: {with: {type: heard}}}}}\n");
  for (auto kind : {FlakyStore::Crash::before_commit, FlakyStore::Crash::after_commit}) {
    for (std::uint64_t crash_at = 1; crash_at <= 6; ++crash_at) {
      open();
      const std::string round = std::to_string(crash_at) + (kind == FlakyStore::Crash::before_commit ? "b" : "a");
      const std::string hears = start();
      const std::string listens = start(Value(), "l");
      store_->crash_at(crash_at, kind);
      for (int number = 1; number <= 3; ++number) {
        while (!send(round + std::to_string(number), "t", Value(number)).ok()) open();
      }
      if (store_->crashed()) open();
      EXPECT_EQ(print_json(wait(listens).output.member("data")), "[1,2,3]") << round << "\n" << dump(listens);
      EXPECT_EQ(print_json(wait(hears).output), "[[1,2,3]]") << round;
      EXPECT_EQ(count(listens, EventType::event_delivered), 3) << round;
      EXPECT_EQ(count(hears, EventType::event_delivered), 1) << round;
    }
  }
}

TEST_F(EngineEvents, ListeningIsKnownAgainAfterARestartAndFromASnapshot) {
  options_.snapshot_every_events = 1;
  open_with("  - l: {listen: {to: {all: [{with: {type: a}}, {with: {type: b}}]}}}\n");
  const std::string instance = start();
  ASSERT_TRUE(send("1", "a", Value(1)).ok());
  open();
  ASSERT_TRUE(send("2", "b", Value(2)).ok());
  EXPECT_EQ(print_json(wait(instance).output), "[1,2]");
}

TEST_F(EngineEvents, AFullDiskRefusesTheEventAndForgetsIt) {
  open_with("  - l: {listen: {to: {one: {with: {type: t}}}}}\n");
  const std::string instance = start();
  store_->set_full(true);
  EXPECT_EQ(send("1", "t", Value(1)).error().code, Code::unavailable);
  store_->set_full(false);
  for (int attempt = 0; attempt < 2'000; ++attempt) {
    auto received = send("1", "t", Value(1));
    if (!received.ok()) {
      EXPECT_EQ(engine_->wait(instance, std::chrono::milliseconds(10))->status, "waiting");
      continue;
    }
    EXPECT_EQ(received->duplicates, 0u);
    break;
  }
  EXPECT_EQ(print_json(wait(instance).output), "[1]");
}

TEST_F(EngineEvents, WhatIsNoCloudEventIsRefusedWithAReason) {
  open();
  const auto refused = [this](const char* json) {
    auto received = engine_->receive({*parse_json(json)}, ada_);
    return received.ok() ? std::string("taken") : received.error().message;
  };
  EXPECT_THAT(refused(R"({})"), HasSubstr("specversion, id, source, type missing"));
  EXPECT_THAT(refused(R"({"specversion":"1.0","id":"","source":"s","type":"t"})"), HasSubstr("id: expected text that"));
  EXPECT_THAT(refused(R"({"specversion":"0.3","id":"1","source":"s","type":"t"})"), HasSubstr("specversion"));
  EXPECT_EQ(received_count(), 0);
}

TEST_F(EngineEvents, RunningDryIsNoticed) {
  open_with("  - l: {listen: {to: {one: {with: {type: t}}}}}\n");
  auto outcome = engine_->wait(start(), std::chrono::seconds(20), true, true);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->status, "waiting");
  EXPECT_TRUE(outcome->stays);
}

TEST_F(EngineEvents, ReplayGivesTheSameState) {
  open_with(
      "  - l: {listen: {to: {any: [], until: length == 2}}, foreach: {do: [{c: {call: world.plain, with: {x: '${ . "
      "}'}}}]}}\n");
  const std::string instance = start();
  ASSERT_TRUE(send("1", "a", Value(1)).ok());
  ASSERT_TRUE(send("2", "a", Value(2)).ok());
  EXPECT_EQ(wait(instance).status, "completed") << dump(instance);
  auto workflow = project()->find_workflow("t", "w");
  InstanceRecord record(instance, project(), workflow, options_.interpreter);
  Installation definitions(*kept_, ScheduleLimits{});
  for (const auto& event : events(instance)) ASSERT_TRUE(record.replay(event, definitions).ok());
  EXPECT_EQ(record.outcome().status, "completed");
  EXPECT_EQ(record.outcome().output, wait(instance).output);
}

}  // namespace
}  // namespace gantry::engine

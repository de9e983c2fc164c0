// call: approval, with people, time and crashes.
#include "engine/engine_fixture.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using EngineApproval = EngineTest;

constexpr const char* sign_tasks = R"(  - sign:
      call: approval
      with:
        question: ${ "Release \(.container)?" }
        context: {container: '${ .container }'}
        approvers: [{role: cashier}, {role: manager}]
        expires: PT8H
  - say: {set: {approved: '${ .approved }', outcome: '${ .outcome }', comments: '${ [.votes[].comment] }'}}
)";

Value sign_input() {
  return Value::object({{"container", "MSCU1"}});
}

TEST_F(EngineApproval, TakesAsManyVotesAsItNeeds) {
  open_with(sign_tasks);
  const std::string instance = start(sign_input());
  EXPECT_EQ(wait(instance).status, "waiting");
  const std::string task = only_task(instance);
  const Value created = last(instance, EventType::task_created);
  EXPECT_EQ(created.string_or("kind", ""), "approval");
  EXPECT_EQ(created.string_or("title", ""), "Release MSCU1?");
  EXPECT_EQ(created.member("context").member("evidence"), *parse_json(R"({"container":"MSCU1"})"));
  EXPECT_FALSE(vote(task, ada_).ok());   // she asked
  EXPECT_FALSE(vote(task, otto_).ok());  // not his role
  EXPECT_FALSE(vote(task, ben_, true, "", "another digest").ok());
  ASSERT_TRUE(vote(task, ben_, true, "one").ok());
  auto second = vote(task, cleo_, true, "two", std::string(created.string_or("digest", "")));
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ(second->string_or("state", ""), "approved");
  EXPECT_EQ(wait(instance).output, *parse_json(R"({"approved":true,"outcome":"approved","comments":["one","two"]})"));
  EXPECT_THAT(event_names(instance), ElementsAre("instance_started", "task_created", "task_voted", "task_voted",
                                                 "task_answered", "task_closed", "instance_completed"));
  EXPECT_EQ(last(instance, EventType::task_closed).string_or("outcome", ""), "approved");
  EXPECT_FALSE(vote(task, cleo_).ok());
}

TEST_F(EngineApproval, OneNoIsEnough) {
  open_with(sign_tasks);
  const std::string instance = start(sign_input());
  wait(instance);
  ASSERT_TRUE(vote(only_task(instance), cleo_, false, "too heavy").ok());
  EXPECT_EQ(wait(instance).output, *parse_json(R"({"approved":false,"outcome":"rejected","comments":["too heavy"]})"));
}

TEST_F(EngineApproval, ExpiresAsAnOutcome) {
  open_with(sign_tasks);
  const std::string instance = start(sign_input());
  wait(instance);
  ASSERT_TRUE(vote(only_task(instance), ben_, true, "one").ok());
  clock_.advance(std::chrono::hours(9));
  EXPECT_EQ(wait_advancing(instance, std::chrono::seconds(1)).output,
            *parse_json(R"({"approved":false,"outcome":"expired","comments":["one"]})"));
}

TEST_F(EngineApproval, AnAnswerIsNoVote) {
  open_with(sign_tasks);
  const std::string instance = start(sign_input());
  wait(instance);
  auto answered = answer(only_task(instance), ben_, R"({"approved":true})");
  ASSERT_FALSE(answered.ok());
  EXPECT_THAT(answered.error().message, HasSubstr("wants approve or reject"));
}

TEST_F(EngineApproval, VotesOutliveARestartAndSoDoesTheExpiry) {
  open_with(sign_tasks);
  const std::string approved = start(sign_input()), expired = start(sign_input());
  wait(approved);
  wait(expired);
  const std::string task = only_task(approved);
  ASSERT_TRUE(vote(task, ben_, true, "one").ok());
  open();
  ASSERT_TRUE(vote(task, cleo_, true, "two").ok());
  EXPECT_EQ(wait(approved).output, *parse_json(R"({"approved":true,"outcome":"approved","comments":["one","two"]})"));
  EXPECT_EQ(only_task(expired), expired + "-t1");
  clock_.advance(std::chrono::hours(9));
  open();
  EXPECT_EQ(wait_advancing(expired, std::chrono::seconds(1)).output.string_or("outcome", ""), "expired");
}

TEST_F(EngineApproval, CancellingWithdrawsIt) {
  open_with(sign_tasks);
  const std::string instance = start(sign_input());
  wait(instance);
  ASSERT_TRUE(engine_->cancel(instance, admin_, "enough").ok());
  EXPECT_EQ(wait(instance).status, "cancelled");
  EXPECT_EQ(last(instance, EventType::task_closed).string_or("outcome", ""), "withdrawn");
}

}  // namespace
}  // namespace gantry::engine

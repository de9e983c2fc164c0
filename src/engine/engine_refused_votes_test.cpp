// What an approval does not let through, one by one.
#include <fmt/format.h>

#include "engine/engine_fixture.h"

namespace gantry::engine {
namespace {

using journal::EventType;
using ::testing::HasSubstr;

constexpr const char* pay_what_is_asked = "  - a: {call: world.pay, with: {amount: '${ $input.amount }'}}\n";

class RefusedVotes : public EngineTest {
 protected:
  std::string start_pay(int amount) { return start(Value::object({{"amount", amount}})); }
  std::string digest_of(const std::string& instance) {
    return std::string(open_tasks(instance).at(0).string_or("digest", ""));
  }
  Result<Value> approve(const std::vector<std::string>& instances, const definition::Principal& voter) {
    BatchVoteRequest request{.items = {}, .voter = voter, .comment = ""};
    for (const std::string& each : instances) request.items.push_back({only_task(each), digest_of(each)});
    return engine_->vote_batch(std::move(request));
  }
  void hold(const std::string& person, std::vector<std::string> roles, std::optional<Timestamp> until = {}) {
    static int tokens = 0;
    ASSERT_TRUE(store_->add_token({fmt::format("hash-{}", ++tokens), person, std::move(roles), clock_.now(), until, false}));
  }
};

TEST_F(RefusedVotes, WithoutTheDigestOfWhatWasShown) {
  open_with(pay_what_is_asked);
  const std::string instance = start_pay(5);
  wait(instance);
  auto refused = engine_->vote(
      {.human_task = only_task(instance), .voter = ben_, .approve = true, .comment = "", .shown_digest = ""});
  EXPECT_EQ(refused.error().code, Code::invalid_argument);
  EXPECT_EQ(count(instance, EventType::task_voted), 0);
}

TEST_F(RefusedVotes, WithTheDigestOfAnotherRunOrAnotherArgument) {
  open_with(pay_what_is_asked);
  const std::string five = start_pay(5), other_five = start_pay(5), six = start_pay(6);
  for (const std::string& each : {five, other_five, six}) wait(each);
  EXPECT_EQ(vote(only_task(five), ben_, true, "", digest_of(other_five)).error().code, Code::conflict);
  EXPECT_EQ(vote(only_task(five), ben_, true, "", digest_of(six)).error().code, Code::conflict);
  EXPECT_EQ(count(five, EventType::task_voted), 0);
}

TEST_F(RefusedVotes, ASecondTimeWhenTheEffectHasRun) {
  open_with(pay_what_is_asked);
  const std::string instance = start_pay(5);
  wait(instance);
  const std::string task = only_task(instance), digest = digest_of(instance);
  ASSERT_TRUE(vote(task, ben_).ok());
  ASSERT_TRUE(vote(task, cleo_).ok());
  EXPECT_EQ(wait_ended(instance).status, "completed");
  EXPECT_EQ(vote(task, ben_, true, "", digest).error().code, Code::conflict);
  EXPECT_EQ(world_->calls("pay"), 1);
}

TEST_F(RefusedVotes, WhenAFactThatWasShownHasChanged) {
  files_["policies/port.yaml"] = R"(policy: port
version: 1.0.0
rules:
  - id: pay
    tools: [world.pay]
    allow: .args.amount <= .budget["port/all"].left and .args.amount < 2
    else: approve
    approvers: [{role: cashier}]
budgets:
  - {id: all, scope: all, sum: .args.amount, max: 100}
)";
  open_with(pay_what_is_asked);
  const std::string waiting = start_pay(50);
  wait(waiting);
  const std::string task = only_task(waiting), digest = digest_of(waiting);
  EXPECT_EQ(wait(start_pay(1)).status, "completed") << "and takes from what was shown as left";
  auto refused = vote(task, ben_, true, "", digest);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_THAT(refused.error().message, HasSubstr("asked anew"));
  EXPECT_NE(only_task(waiting), task);
  ASSERT_TRUE(vote(only_task(waiting), ben_).ok());
  EXPECT_EQ(wait_ended(waiting).status, "completed");
}

TEST_F(RefusedVotes, InABatchOfUnequalRisk) {
  workflow("  - a: {call: world.pay, with: {amount: 1}}\n", "other");
  open_with(pay_what_is_asked);
  const std::string five = start_pay(5), other = start(Value(), "other");
  wait(five);
  wait(other);
  auto refused = approve({five, other}, ben_);
  EXPECT_EQ(refused.error().code, Code::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr("does not mean the same"));
  EXPECT_EQ(count(five, EventType::task_voted), 0) << "all or none";
}

TEST_F(RefusedVotes, InABatchWithOneThatCannotBeGiven) {
  open_with(pay_what_is_asked);
  const std::string five = start_pay(5), six = start_pay(6);
  wait(five);
  wait(six);
  ASSERT_TRUE(vote(only_task(six), ben_).ok());
  EXPECT_EQ(approve({five, six}, ben_).error().code, Code::denied) << "he voted on the second already";
  EXPECT_EQ(count(five, EventType::task_voted), 0) << "all or none";
  EXPECT_EQ(approve({five, five}, ben_).error().code, Code::invalid_argument);
  EXPECT_EQ(approve({}, ben_).error().code, Code::invalid_argument);
  EXPECT_EQ(approve({five}, ada_).error().code, Code::denied) << "she asked for it";
}

TEST_F(RefusedVotes, InABatchOfAWorkflowsOwnQuestions) {
  open_with("  - a: {call: approval, with: {question: 'Go?', approvers: [{role: cashier}]}}\n");
  const std::string instance = start();
  wait(instance);
  EXPECT_EQ(approve({instance}, ben_).error().code, Code::invalid_argument);
}

TEST_F(RefusedVotes, ButABatchOfEqualRiskIsApproved) {
  open_with(pay_what_is_asked);
  const std::string five = start_pay(5), six = start_pay(6);
  wait(five);
  wait(six);
  ASSERT_TRUE(approve({five, six}, ben_).ok());
  auto last = approve({five, six}, cleo_);
  ASSERT_TRUE(last.ok()) << last.error().message;
  EXPECT_EQ(wait_ended(five).status, "completed");
  EXPECT_EQ(wait_ended(six).status, "completed");
  EXPECT_EQ(world_->calls("pay"), 2);
}

TEST_F(RefusedVotes, OfSomebodyWhoWasLentARoleThatTheLenderDoesNotHold) {
  files_["policies/away.yaml"] = R"(policy: away
version: 1.0.0
rules: []
delegations:
  - {from: ben, to: emil, role: cashier, since: '2000-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z'}
  - {from: emil, to: fay, role: cashier, since: '2000-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z'}
)";
  open_with(pay_what_is_asked);
  const std::string instance = start_pay(5);
  wait(instance);
  const auto emil = [&] { return vote(only_task(instance), {"emil", {}}); };
  EXPECT_EQ(emil().error().code, Code::denied) << "nobody says that ben is a cashier";
  hold("ben", {"clerk"});
  EXPECT_EQ(emil().error().code, Code::denied) << "ben has another role";
  hold("ben", {"cashier"}, clock_.now());
  EXPECT_EQ(emil().error().code, Code::denied) << "ben was a cashier";
  hold("ben", {"cashier"});
  EXPECT_EQ(vote(only_task(instance), {"fay", {}}).error().code, Code::denied) << "emil was lent it himself";
  ASSERT_TRUE(store_->revoke_tokens("ben").ok());
  EXPECT_EQ(emil().error().code, Code::denied) << "ben is no cashier any more";
  hold("ben", {"cashier"});
  EXPECT_TRUE(emil().ok());
}

TEST_F(RefusedVotes, OfSomebodyWhoSpeaksForTheRequester) {
  files_["policies/away.yaml"] = R"(policy: away
version: 1.0.0
rules: []
delegations:
  - {from: ada, to: dora, role: cashier, since: '2000-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z'}
  - {from: ben, to: emil, role: cashier, since: '2000-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z'}
)";
  open_with(pay_what_is_asked);
  const std::string instance = start_pay(5);
  wait(instance);
  hold("ada", {"cashier"});
  hold("ben", {"cashier"});
  EXPECT_EQ(vote(only_task(instance), {"dora", {}}).error().code, Code::denied) << "ada asked for it";
  ASSERT_TRUE(vote(only_task(instance), {"emil", {}}).ok()) << "he speaks for ben";
  EXPECT_EQ(last(instance, EventType::task_voted).string_or("onBehalfOf", ""), "ben");
  EXPECT_EQ(vote(only_task(instance), ben_).error().code, Code::denied) << "emil spoke for him";
  open();
  ASSERT_TRUE(vote(only_task(instance), cleo_).ok());
  EXPECT_EQ(wait_ended(instance).status, "completed");
}

}  // namespace
}  // namespace gantry::engine

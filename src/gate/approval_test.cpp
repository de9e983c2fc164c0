#include "gate/approval.h"

#include <gtest/gtest.h>

#include <random>

#include "value/json.h"

namespace gantry::gate {
namespace {

const Timestamp approval_start{std::chrono::hours(1'000'000)};

Approval approval_of(std::vector<definition::ApproverRequirement> requirements) {
  Approval approval;
  approval.effect_digest = std::string(64, 'a');
  approval.policy_digest = std::string(64, 'b');
  approval.shown_digest = std::string(64, 'c');
  approval.requirements = std::move(requirements);
  approval.requester = "rita";
  approval.expires = approval_start + std::chrono::hours(8);
  return approval;
}

Vote vote_of(std::string person, std::vector<std::string> roles, bool approve = true, Timestamp at = approval_start) {
  return {.voter = {.person = std::move(person), .roles = std::move(roles)},
          .on_behalf_of = "",
          .approve = approve,
          .comment = "",
          .at = at};
}

Status cast(Approval& approval, Vote vote) {
  return add_vote(approval, std::move(vote), approval.shown_digest);
}

TEST(Approval, IsApprovedWhenEveryRequirementIsMet) {
  Approval approval = approval_of({{"planner", 1}, {"manager", 1}});
  EXPECT_EQ(state_of(approval, approval_start), ApprovalState::pending);
  ASSERT_TRUE(cast(approval, vote_of("anna", {"planner"})).ok());
  EXPECT_EQ(state_of(approval, approval_start), ApprovalState::pending);
  EXPECT_EQ(missing(approval), (std::vector<definition::ApproverRequirement>{{"manager", 1}}));
  ASSERT_TRUE(cast(approval, vote_of("mark", {"manager"})).ok());
  EXPECT_EQ(state_of(approval, approval_start), ApprovalState::approved);
  EXPECT_TRUE(missing(approval).empty());
}

TEST(Approval, CountsAPersonWithTwoRolesOnce) {
  Approval approval = approval_of({{"planner", 1}, {"manager", 1}});
  ASSERT_TRUE(cast(approval, vote_of("anna", {"planner", "manager"})).ok());
  EXPECT_EQ(state_of(approval, approval_start), ApprovalState::pending);
  const Status second = cast(approval, vote_of("anna", {"planner", "manager"}));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::denied);
  EXPECT_EQ(approval.votes.size(), 1u);
}

TEST(Approval, SeatsAPersonWithTwoRolesWhereTheyAreNeeded) {
  // Anna came first and could sign as either; Ben can only be the planner. The order must not matter.
  Approval approval = approval_of({{"planner", 1}, {"manager", 1}});
  ASSERT_TRUE(cast(approval, vote_of("anna", {"planner", "manager"})).ok());
  ASSERT_TRUE(cast(approval, vote_of("ben", {"planner"})).ok());
  EXPECT_EQ(state_of(approval, approval_start), ApprovalState::approved);
}

TEST(Approval, NeverDependsOnTheOrderOfVotes) {
  std::vector<Vote> votes = {vote_of("a", {"x", "y", "z"}), vote_of("b", {"x", "y"}), vote_of("c", {"x"}),
                             vote_of("d", {"z", "x"})};
  std::mt19937 order(7);
  for (int round = 0; round < 24; ++round) {
    std::shuffle(votes.begin(), votes.end(), order);
    Approval approval = approval_of({{"x", 1}, {"y", 1}, {"z", 2}});
    for (const Vote& vote : votes) {
      ASSERT_TRUE(cast(approval, vote).ok()) << vote.voter.person;
    }
    EXPECT_EQ(state_of(approval, approval_start), ApprovalState::approved);
  }
}

TEST(Approval, RefusesTheRequester) {
  Approval approval = approval_of({{"planner", 1}});
  const Status refused = cast(approval, vote_of("rita", {"planner"}));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::denied);
  approval.requester_excluded = false;
  EXPECT_TRUE(cast(approval, vote_of("rita", {"planner"})).ok());
  EXPECT_EQ(state_of(approval, approval_start), ApprovalState::approved);
}

TEST(Approval, RefusesARoleThatIsNotNeeded) {
  Approval approval = approval_of({{"planner", 1}, {"manager", 1}});
  EXPECT_EQ(cast(approval, vote_of("carl", {"cook"})).error().code, Code::denied);
  EXPECT_EQ(cast(approval, vote_of("", {"planner"})).error().code, Code::denied);
  ASSERT_TRUE(cast(approval, vote_of("anna", {"planner"})).ok());
  EXPECT_EQ(cast(approval, vote_of("ben", {"planner"})).error().code, Code::denied);
  EXPECT_EQ(approval.votes.size(), 1u);
}

TEST(Approval, IsRejectedByOneEntitledPerson) {
  Approval approval = approval_of({{"planner", 2}});
  ASSERT_TRUE(cast(approval, vote_of("anna", {"planner"})).ok());
  ASSERT_TRUE(cast(approval, vote_of("ben", {"planner"}, false)).ok());
  EXPECT_EQ(state_of(approval, approval_start), ApprovalState::rejected);
  EXPECT_EQ(cast(approval, vote_of("cora", {"planner"})).error().code, Code::conflict);
  Approval other = approval_of({{"planner", 1}});
  EXPECT_EQ(cast(other, vote_of("carl", {"cook"}, false)).error().code, Code::denied);
  EXPECT_EQ(state_of(other, approval_start), ApprovalState::pending);
}

TEST(Approval, RefusesAVoteOnSomethingElseThanWhatItIsNow) {
  Approval approval = approval_of({{"planner", 1}});
  const Status stale = add_vote(approval, vote_of("anna", {"planner"}), std::string(64, 'd'));
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.error().code, Code::conflict);
  EXPECT_TRUE(approval.votes.empty());
}

TEST(Approval, Expires) {
  Approval approval = approval_of({{"planner", 1}});
  EXPECT_EQ(state_of(approval, approval.expires - std::chrono::microseconds(1)), ApprovalState::pending);
  EXPECT_EQ(state_of(approval, approval.expires), ApprovalState::expired);
  EXPECT_EQ(cast(approval, vote_of("anna", {"planner"}, true, approval.expires)).error().code, Code::conflict);
}

TEST(Approval, IgnoresVotesThatNobodyCouldHaveCast) {
  // As if written into the store by hand: twice the same person, the requester, and a person without the role.
  Approval approval = approval_of({{"planner", 2}});
  approval.votes = {vote_of("anna", {"planner"}), vote_of("anna", {"planner"}), vote_of("rita", {"planner"}),
                    vote_of("carl", {"cook"})};
  EXPECT_EQ(state_of(approval, approval_start), ApprovalState::pending);
  EXPECT_EQ(missing(approval), (std::vector<definition::ApproverRequirement>{{"planner", 1}}));
}

// --- Delegation

definition::Delegation lent(std::string from, std::string to, std::string role) {
  return {std::move(from),
          std::move(to),
          std::move(role),
          "",
          approval_start - std::chrono::hours(1),
          approval_start + std::chrono::hours(1)};
}

Status cast_with(Approval& approval, Vote vote, std::vector<definition::Delegation> delegations) {
  return add_vote(approval, std::move(vote), approval.shown_digest, delegations);
}

TEST(ApprovalDelegation, LetsSomebodySpeakForAnother) {
  Approval approval = approval_of({{"manager", 1}});
  ASSERT_TRUE(cast_with(approval, vote_of("bert", {"cook"}), {lent("anna", "bert", "manager")}).ok());
  EXPECT_EQ(state_of(approval, approval_start), ApprovalState::approved);
  EXPECT_EQ(approval.votes.back().on_behalf_of, "anna");
  EXPECT_EQ(approval.votes.back().voter.roles, std::vector<std::string>{"manager"});
}

TEST(ApprovalDelegation, HoldsForItsTimeItsPersonAndItsRoleOnly) {
  Approval approval = approval_of({{"manager", 1}});
  const std::vector<definition::Delegation> delegations = {lent("anna", "bert", "manager")};
  const auto before = approval_start - std::chrono::hours(2), after = approval_start + std::chrono::hours(1);
  EXPECT_EQ(cast_with(approval, vote_of("bert", {}, true, before), delegations).error().code, Code::denied);
  EXPECT_EQ(cast_with(approval, vote_of("bert", {}, true, after), delegations).error().code, Code::denied);
  EXPECT_EQ(cast_with(approval, vote_of("carl", {}), delegations).error().code, Code::denied);
  EXPECT_EQ(cast_with(approval, vote_of("bert", {}), {lent("anna", "bert", "cook")}).error().code, Code::denied);
  EXPECT_TRUE(approval.votes.empty());
}

TEST(ApprovalDelegation, NeverBringsTheRequesterIn) {
  Approval approval = approval_of({{"manager", 1}});
  EXPECT_EQ(cast_with(approval, vote_of("rita", {}), {lent("anna", "rita", "manager")}).error().code, Code::denied)
      << "the delegate asked for it";
  EXPECT_EQ(cast_with(approval, vote_of("bert", {}), {lent("rita", "bert", "manager")}).error().code, Code::denied)
      << "who lends the role asked for it";
}

TEST(ApprovalDelegation, CountsNobodyTwice) {
  const std::vector<definition::Delegation> delegations = {lent("anna", "bert", "manager"),
                                                           lent("anna", "carl", "manager")};
  Approval first = approval_of({{"manager", 2}});
  ASSERT_TRUE(cast_with(first, vote_of("anna", {"manager"}), delegations).ok());
  EXPECT_EQ(cast_with(first, vote_of("bert", {}), delegations).error().code, Code::denied) << "anna spoke for herself";
  Approval second = approval_of({{"manager", 2}});
  ASSERT_TRUE(cast_with(second, vote_of("bert", {}), delegations).ok());
  EXPECT_EQ(cast_with(second, vote_of("carl", {}), delegations).error().code, Code::denied) << "bert spoke for anna";
  EXPECT_EQ(cast_with(second, vote_of("anna", {"manager"}), delegations).error().code, Code::denied);
  EXPECT_EQ(cast_with(second, vote_of("bert", {"manager"}), delegations).error().code, Code::denied);
  EXPECT_EQ(state_of(second, approval_start), ApprovalState::pending);
}

TEST(Approval, RefusesTheAuthorOfTheWorkflow) {
  Approval approval = approval_of({{"planner", 1}});
  approval.author = "anna";
  EXPECT_EQ(cast(approval, vote_of("anna", {"planner"})).error().code, Code::denied);
  EXPECT_EQ(cast_with(approval, vote_of("bert", {}), {lent("anna", "bert", "planner")}).error().code, Code::denied);
  EXPECT_TRUE(cast(approval, vote_of("ben", {"planner"})).ok());
}

TEST(Approval, LetsEscalatedRolesFillAnySeat) {
  Approval approval = approval_of({{"planner", 1}, {"manager", 1}});
  EXPECT_EQ(cast(approval, vote_of("dora", {"director"})).error().code, Code::denied);
  approval.escalated = {"director"};
  ASSERT_TRUE(cast(approval, vote_of("dora", {"director"})).ok());
  EXPECT_EQ(cast(approval, vote_of("rita", {"director"})).error().code, Code::denied) << "still not who asked";
  ASSERT_TRUE(cast(approval, vote_of("anna", {"planner"})).ok());
  EXPECT_EQ(state_of(approval, approval_start), ApprovalState::approved);
}

TEST(Approval, WithoutRequirementsIsNeverApproved) {
  EXPECT_EQ(state_of(approval_of({}), approval_start), ApprovalState::pending);
}

TEST(Approval, ReadsBackWhatItWrote) {
  Approval approval = approval_of({{"planner", 2}, {"manager", 1}});
  ASSERT_TRUE(cast(approval, vote_of("anna", {"planner"})).ok());
  const Value written = to_value(approval);
  const Result<Approval> read = approval_from(written);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(print_canonical(to_value(*read)), print_canonical(written));
  for (const Member& member : written.members()) {
    // Journals of before these were written are still read.
    const std::string_view key = member.key.view();
    if (key == "shown" || key == "authorExcluded" || key == "alsoExcluded" || key == "escalations" || key == "escalated") continue;
    const Result<Approval> without = approval_from(Value(written).without_member(member.key.view()));
    EXPECT_FALSE(without.ok()) << member.key.view();
  }
  EXPECT_FALSE(approval_from(Value("text")).ok());
}

}  // namespace
}  // namespace gantry::gate

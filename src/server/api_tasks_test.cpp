// Human tasks through the API: who may vote, on what, and what a changed effect does to an approval.
#include "server/api_fixture.h"

namespace gantry::server {
namespace {

using ::testing::HasSubstr;

struct ApiTasks : ApiTest {
  void SetUp() override {
    deploy_desk();
    instance_ = start("pay", R"({"amount": 5})");
    const Value open = json(call("ben", "GET /api/v1/tasks")).member("items");
    ASSERT_EQ(open.size(), 1u);
    task_ = open.items()[0].string_or("id", "");
  }
  Response answer(const std::string& person, const std::string& body) const {
    return call(person, "POST /api/v1/tasks/" + task_ + "/answer", body);
  }
  // The body, with the digest of what is shown now unless it has one.
  Response vote(const std::string& person, const std::string& body) const {
    Value said = *parse_json(body);
    if (said.is_object() && !said.find("digest"))
      said = std::move(said).with_member("digest", json(call("root", "GET /api/v1/tasks/" + task_)).member("digest"));
    return answer(person, print_json(said));
  }
  std::string status() const {
    return std::string(json(call("ada", "GET /api/v1/instances/" + instance_)).string_or("status", ""));
  }
  std::string instance_, task_;
};

TEST_F(ApiTasks, ATaskShowsTheExactEffectAndItsDigest) {
  const Value shown = json(call("ben", "GET /api/v1/tasks/" + task_));
  EXPECT_EQ(shown.string_or("kind", ""), "approval");
  EXPECT_EQ(shown.string_or("requester", ""), "ada");
  EXPECT_EQ(shown.string_or("digest", "").size(), 64u);
  EXPECT_THAT(print_json(shown), HasSubstr(R"("amount":5)"));
  EXPECT_THAT(print_json(shown), HasSubstr("Money leaves the house."));
}

TEST_F(ApiTasks, TwoPeopleWithTheRolesApproveAndTheEffectIsDone) {
  const Value first = json(vote("ben", R"({"approve": true})"));
  EXPECT_EQ(first.string_or("state", ""), "pending");
  const Value missing = first.member("missing");
  EXPECT_EQ(missing.items().front().string_or("role", ""), "manager");
  const Response second = vote("cleo", R"({"approve": true, "comment": "fine"})");
  EXPECT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(json(second).string_or("state", ""), "approved");
  auto outcome = engine_->wait(instance_, std::chrono::seconds(20));
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->status, "completed");
}

TEST_F(ApiTasks, AnApprovalOfAnEffectThatHasChangedIsAConflict) {
  const std::string stale(64, 'a');
  expect_problem(vote("ben", R"({"approve": true, "digest": ")" + stale + "\"}"), 409,
                 HasSubstr("what was shown has changed"));
  EXPECT_EQ(json(call("ben", "GET /api/v1/tasks/" + task_)).member("votes").size(), 0u);
  const std::string shown(json(call("ben", "GET /api/v1/tasks/" + task_)).string_or("digest", ""));
  EXPECT_EQ(vote("ben", R"({"approve": true, "digest": ")" + shown + "\"}").status, 200);
}

TEST_F(ApiTasks, APolicyThatChangedMeanwhileWithdrawsTheApproval) {
  EXPECT_EQ(vote("ben", R"({"approve": true})").status, 200);
  definition::SourceFiles files = desk_files();
  files["policies/desk.yaml"] =
      "policy: desk\nversion: 2.0.0\nrules:\n  - {id: none, classes: [money], verdict: deny, reason: No more.}\n";
  ASSERT_EQ(call("root", "POST /api/v1/projects", deploy_body(files)).status, 201);
  EXPECT_EQ(vote("cleo", R"({"approve": true})").status, 409) << "it was withdrawn";
  auto outcome = engine_->wait(instance_, std::chrono::seconds(20));
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->status, "faulted");
}

TEST_F(ApiTasks, AVoteSaysWhatItIsAbout) {
  expect_problem(answer("ben", R"({"approve": true})"), 400, HasSubstr("'digest' is missing"));
  expect_problem(answer("ben", R"({"approve": true, "digest": ""})"), 400, HasSubstr("'digest' is missing"));
  expect_problem(answer("ben", R"({"approve": true, "digest": 5})"), 400, HasSubstr("'digest' is missing"));
  EXPECT_EQ(status(), "waiting");
}

TEST_F(ApiTasks, WhoLacksTheRoleOrAskedOrVotedCannotVote) {
  expect_problem(vote("otto", R"({"approve": true})"), 403, HasSubstr("none of the roles"));
  expect_problem(vote("ada", R"({"approve": true})"), 403, HasSubstr("ada"));
  EXPECT_EQ(vote("ben", R"({"approve": true})").status, 200);
  expect_problem(vote("ben", R"({"approve": true})"), 403, HasSubstr("voted already"));
  EXPECT_EQ(status(), "waiting");
}

TEST_F(ApiTasks, WhatALentRoleMayActOnIsInTheInboxAsLongAsTheLenderHoldsIt) {
  EXPECT_EQ(json(call("nina", "GET /api/v1/tasks")).member("items").size(), 0u);
  definition::SourceFiles files = desk_files();
  files["policies/away.yaml"] =
      "policy: away\nversion: 1.0.0\nrules: []\ndelegations:\n"
      "  - {from: ben, to: nina, role: cashier, since: '2000-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z'}\n"
      "  - {from: ben, to: vera, role: manager, since: '2000-01-01T00:00:00Z', until: '2100-01-01T00:00:00Z'}\n";
  ASSERT_EQ(call("root", "POST /api/v1/projects", deploy_body(files)).status, 201);
  instance_ = start("pay", R"({"amount": 6})");
  const Value open = json(call("nina", "GET /api/v1/tasks?instance=" + instance_)).member("items");
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(json(call("vera", "GET /api/v1/tasks")).member("items").size(), 0u) << "ben is no manager";
  task_ = open.items()[0].string_or("id", "");
  EXPECT_EQ(vote("nina", R"({"approve": true})").status, 200);
  ASSERT_TRUE(store_->revoke_tokens("ben").ok());
  EXPECT_EQ(json(call("nina", "GET /api/v1/tasks")).member("items").size(), 0u);
}

TEST_F(ApiTasks, ARejectionNeedsAReasonAndEndsIt) {
  expect_problem(vote("ben", R"({"approve": false})"), 400, HasSubstr("a rejection needs a 'comment'"));
  EXPECT_EQ(json(vote("ben", R"({"approve": false, "comment": "too much"})")).string_or("state", ""), "rejected");
  EXPECT_EQ(status(), "faulted");
  expect_problem(vote("cleo", R"({"approve": true})"), 409, HasSubstr("ended already"));
}

TEST_F(ApiTasks, AnAnswerThatIsNeitherOrBothIsRefused) {
  expect_problem(vote("ben", "{}"), 400, HasSubstr("either 'approve'"));
  expect_problem(vote("ben", R"({"approve": true, "answer": 1})"), 400, HasSubstr("either 'approve'"));
  expect_problem(vote("ben", R"({"approve": "yes"})"), 400, HasSubstr("'approve' is true or false"));
  expect_problem(vote("ben", R"({"answer": 1})"), 400, HasSubstr("approve or reject, not an answer"));
  expect_problem(vote("ben", R"({"approve": true, "comment": ")" + std::string(4001, 'x') + "\"}"), 400,
                 HasSubstr("'comment'"));
  expect_problem(vote("ben", "[]"), 400, HasSubstr("either 'approve'"));
}

TEST_F(ApiTasks, ATaskThatDoesNotExistIsNotFound) {
  expect_problem(call("ben", "GET /api/v1/tasks/nothing"), 404, HasSubstr("nothing"));
  expect_problem(call("ben", "POST /api/v1/tasks/nothing/answer", R"({"approve": true, "digest": "x"})"), 404,
                 HasSubstr("nothing"));
  expect_problem(call("ben", "POST /api/v1/tasks/" + instance_ + "-t99/answer", R"({"approve": true, "digest": "x"})"),
                 404, HasSubstr("t99"));
}

TEST_F(ApiTasks, EverybodySeesTheTasksOfTheirRoles) {
  EXPECT_EQ(json(call("cleo", "GET /api/v1/tasks")).member("items").size(), 1u);
  EXPECT_EQ(json(call("otto", "GET /api/v1/tasks")).member("items").size(), 0u);
  EXPECT_EQ(json(call("nina", "GET /api/v1/tasks")).member("items").size(), 0u);
  EXPECT_EQ(json(call("nina", "GET /api/v1/tasks?all=true")).member("items").size(), 1u);
  EXPECT_EQ(json(call("ben", "GET /api/v1/tasks?state=closed")).member("items").size(), 0u);
  expect_problem(call("ben", "GET /api/v1/tasks?state=odd"), 400, HasSubstr("odd"));
}

TEST_F(ApiTasks, TasksArePagedByCursor) {
  for (int i = 0; i < 4; ++i) start("pay", R"({"amount": 1})");
  std::set<std::string> seen;
  std::string cursor;
  do {
    const Value page = json(call("ben", "GET /api/v1/tasks?limit=2&cursor=" + cursor));
    const Value rows = page.member("items");
    for (const Value& row : rows.items()) EXPECT_TRUE(seen.insert(std::string(row.string_or("id", ""))).second);
    cursor = std::string(page.string_or("next", ""));
  } while (!cursor.empty() && seen.size() < 20);
  EXPECT_EQ(seen.size(), 5u);
}

}  // namespace
}  // namespace gantry::server

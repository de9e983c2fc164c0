// The kill switch, approving several at once, and changing policy, through the API.
#include "server/api_fixture.h"

namespace gantry::server {
namespace {

using ::testing::HasSubstr;

struct ApiGate : ApiTest {
  void SetUp() override { deploy_desk(); }

  // {"tasks": [...]} of all open tasks of ben's.
  std::string open_tasks() const {
    std::vector<Value> tasks;
    const Value open = json(call("ben", "GET /api/v1/tasks?state=open")).member("items");
    for (const Value& task : open.items())
      tasks.push_back(Value::object({{"id", task.member("id")}, {"digest", task.member("digest")}}));
    return print_json(Value::object({{"tasks", Value::array(std::move(tasks))}}));
  }
};

TEST_F(ApiGate, IsStoppedAndStartedByAnOperator) {
  expect_problem(call("ada", "POST /api/v1/gate/stop", R"({"reason": "no"})"), 403, HasSubstr("operator"));
  const Response stopped = call("otto", "POST /api/v1/gate/stop", R"({"tool": "desk", "reason": "odd payments"})");
  EXPECT_EQ(stopped.status, 200) << stopped.body;
  EXPECT_THAT(stopped.body, HasSubstr("odd payments"));
  const std::string instance = start("pay", R"({"amount": 5})");
  EXPECT_EQ(json(call("ada", "GET /api/v1/instances/" + instance)).string_or("status", ""), "faulted");
  EXPECT_THAT(call("ada", "GET /api/v1/instances/" + instance).body, HasSubstr("stopped by otto"));
  expect_problem(call("otto", "POST /api/v1/gate/start", "{}"), 404, HasSubstr("not stopped for that"));
  EXPECT_EQ(call("otto", "POST /api/v1/gate/start", R"({"tool": "desk"})").status, 200);
  EXPECT_EQ(print_json(json(call("ada", "GET /api/v1/gate"))), R"({"stops":[]})");
  start("pay", R"({"amount": 5})");
  EXPECT_THAT(open_tasks(), HasSubstr("digest"));
}

TEST_F(ApiGate, RefusesAStopThatSaysSomethingElse) {
  expect_problem(call("otto", "POST /api/v1/gate/stop", R"({"tols": "desk"})"), 400,
                 HasSubstr("there is no 'tols' here"));
  expect_problem(call("otto", "POST /api/v1/gate/stop", R"({"tool": 5})"), 400, HasSubstr("'tool': expected text"));
}

TEST_F(ApiGate, ApprovesSeveralThatMeanTheSame) {
  start("pay", R"({"amount": 5})");
  start("pay", R"({"amount": 6})");
  const Response answer = call("ben", "POST /api/v1/approvals", open_tasks());
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(json(answer).member("tasks").size(), 2u);
  expect_problem(call("ben", "POST /api/v1/approvals", open_tasks()), 403, HasSubstr("voted already"));
  expect_problem(call("ben", "POST /api/v1/approvals", R"({"tasks": []})"), 400, HasSubstr("1 to 100"));
  expect_problem(call("ben", "POST /api/v1/approvals", R"({"tasks": [{"id": "x"}]})"), 400, HasSubstr("'digest'"));
  expect_problem(call("ben", "POST /api/v1/approvals", "{}"), 400, HasSubstr("expected {\"tasks\""));
}

TEST_F(ApiGate, AGovernedChangeOfPolicyWaitsForPeople) {
  definition::SourceFiles files = desk_files();
  files["policies/change.yaml"] =
      "policy: change\nversion: 1.0.0\nrules:\n  - {id: change, tools: [policy.change], verdict: approve, approvers: "
      "[{role: manager}]}\n";
  ASSERT_EQ(call("root", "POST /api/v1/projects", deploy_body(files)).status, 201) << "nobody governed it before";
  files["policies/change.yaml"] += "  - {id: more, classes: [send], verdict: allow}\n";
  const Response waiting = call("root", "POST /api/v1/projects", deploy_body(files));
  EXPECT_EQ(waiting.status, 202) << waiting.body;
  EXPECT_EQ(json(waiting).string_or("status", ""), "waiting");
  const Value tasks = json(call("cleo", "GET /api/v1/tasks?state=open")).member("items");
  ASSERT_EQ(tasks.size(), 1u);
  const Value task = tasks.items()[0];
  const std::string path = "POST /api/v1/tasks/" + std::string(task.string_or("id", "")) + "/answer";
  const std::string digest(task.string_or("digest", ""));
  EXPECT_THAT(call("cleo", "GET /api/v1/tasks/" + std::string(task.string_or("id", ""))).body,
              HasSubstr(R"("added":["change/more"])"));
  EXPECT_EQ(call("cleo", path, R"({"approve": true, "digest": ")" + digest + "\"}").status, 200);
  const auto outcome = engine_->wait(std::string(json(waiting).string_or("instance", "")), std::chrono::seconds(20));
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->status, "completed");
  EXPECT_TRUE(engine_->current_project()->files.at("policies/change.yaml").ends_with("verdict: allow}\n"));
}

TEST_F(ApiGate, AnEmptyNameNeitherStopsNorStartsEverything) {
  for (const char* action : {"stop", "start"})
    for (const char* body : {R"({"tool": ""})", R"({"workflow": null})", R"({"principal": ""})"})
      expect_problem(call("otto", std::string("POST /api/v1/gate/") + action, body), 400,
                     HasSubstr("leave the member out to mean all"));
}

}  // namespace
}  // namespace gantry::server

// Migrations through the API: who may, what is wrong, and the way there and back.
#include "server/api_fixture.h"

namespace gantry::server {
namespace {

using ::testing::HasSubstr;

struct ApiMigrations : ApiTest {
  void SetUp() override {
    definition::SourceFiles files = desk_files();
    files["workflows/job.yaml"] = job;
    std::string next = job;
    files["workflows/job2.yaml"] = next.replace(next.find("1.0.0"), 5, "2.0.0");
    const Response deployed = call("root", "POST /api/v1/projects", deploy_body(files));
    ASSERT_EQ(deployed.status, 201) << deployed.body;
    const Response started = call("ada", "POST /api/v1/workflows/desk/job/instances?version=1.0.0", "{}");
    ASSERT_EQ(started.status, 201) << started.body;
    id_ = json(started).string_or("instance", "");
  }
  std::string version() const { return std::string(json(call("ada", "GET /api/v1/instances/" + id_)).string_or("workflowVersion", "")); }

  static constexpr const char* job =
      "document: {dsl: '1.0.3', namespace: desk, name: job, version: 1.0.0}\ndo:\n"
      "- l: {listen: {to: {one: {with: {type: go}}}}}\n- s: {set: {x: 1}}\n";
  static constexpr const char* request = R"({"workflow":"desk/job","from":"1.0.0","to":"2.0.0"})";
  std::string id_;
};

TEST_F(ApiMigrations, AnOperatorPlansMovesAndMovesBack) {
  for (const char* route : {"POST /api/v1/migrations/plan", "POST /api/v1/migrations", "POST /api/v1/migrations/M/undo"})
    expect_problem(call("ada", route, request), 403, HasSubstr("operator"));
  const Response planned = call("otto", "POST /api/v1/migrations/plan", request);
  EXPECT_EQ(planned.status, 200) << planned.body;
  EXPECT_EQ(json(planned).integer_or("compatible", 0), 1);
  EXPECT_EQ(version(), "1.0.0");
  const Response moved = call("otto", "POST /api/v1/migrations", request);
  EXPECT_EQ(moved.status, 201) << moved.body;
  EXPECT_EQ(version(), "2.0.0");
  const std::string undo = "POST /api/v1/migrations/" + std::string(json(moved).string_or("migration", "")) + "/undo";
  EXPECT_EQ(json(call("otto", undo)).integer_or("undone", 0), 1);
  EXPECT_EQ(version(), "1.0.0");
  expect_problem(call("otto", undo), 404, HasSubstr("undone already"));
}

TEST_F(ApiMigrations, WhatIsWrongIsSaid) {
  const auto refused = [&](const char* body, const char* reason) {
    expect_problem(call("otto", "POST /api/v1/migrations", body), 400, HasSubstr(reason));
  };
  refused("{}", "/workflow: expected text");
  refused(R"({"workflow":"job","from":"1.0.0","to":"2.0.0"})", "/workflow: expected NAMESPACE/NAME");
  refused(R"({"workflow":"desk/job","to":"2.0.0"})", "/from: expected text");
  refused(R"({"workflow":"desk/job","from":"1.0.0","to":2})", "/to: expected text");
  refused(R"({"workflow":"desk/job","from":"1.0.0","to":"2.0.0","mapping":[]})", "mapping: /: expected an object");
  expect_problem(call("otto", "POST /api/v1/migrations/M/undo", R"({"partly":1})"), 400, HasSubstr("/partly"));
  expect_problem(call("otto", "POST /api/v1/migrations/M/undo"), 404, HasSubstr("no migration M"));
  EXPECT_EQ(version(), "1.0.0");
}

}  // namespace
}  // namespace gantry::server

// Deploying definitions through the API.
#include "server/api_fixture.h"

namespace gantry::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct ApiDefinitions : ApiTest {
  Response deploy(const definition::SourceFiles& files) const {
    return call("root", "POST /api/v1/projects", deploy_body(files));
  }
  // Every problem as `gantry check` prints it.
  static std::vector<std::string> problems_of(const Response& response) {
    std::vector<std::string> lines;
    const Value problems = json(response).member("problems");
    for (const Value& problem : problems.items())
      lines.push_back(
          std::string(problem.string_or("path", "?")) + ":" + std::to_string(problem.integer_or("line", 0)) + ":" +
          std::to_string(problem.integer_or("column", 0)) + ": " + std::string(problem.string_or("message", "?")));
    return lines;
  }
};

TEST_F(ApiDefinitions, AProjectIsDeployedAndListed) {
  const Response deployed = deploy(desk_files());
  EXPECT_EQ(deployed.status, 201);
  EXPECT_EQ(json(deployed).string_or("project", ""), engine_->current_project()->digest.hex());
  const Value list = json(call("nina", "GET /api/v1/workflows"));
  ASSERT_EQ(list.member("items").size(), 2u);
  const Value rows = list.member("items");
  EXPECT_EQ(rows.items()[0].string_or("name", ""), "greet");
  EXPECT_TRUE(list.member("next").is_null());
}

TEST_F(ApiDefinitions, EveryProblemComesWithItsPlaceAndNothingIsDeployed) {
  definition::SourceFiles files = desk_files();
  files["gantry.yaml"] = "egress: {allow: [\"a b\"]}\n";
  files["tools/desk.yaml"] = "tool: desk\nversion: 1.0.0\ndriver: ekho\noperations: {look: {class: read}}\n";
  files["policies/desk.yaml"] =
      "policy: desk\nversion: 1.0.0\nrules:\n  - {id: reads, clases: [read], verdict: allow}\n";
  files["workflows/pay.yaml"] = desk_workflow("pay", "- pay: {call: desk.pay}\n- look: {call: desk.lok}\n");
  const Response refused = deploy(files);
  expect_problem(refused, 400, HasSubstr("gantry.yaml:1:18: egress: \"a b\""));
  EXPECT_THAT(
      problems_of(refused),
      ElementsAre(HasSubstr("gantry.yaml:1:18: egress: \"a b\": expected a host"),
                  "policies/desk.yaml:4:17: unknown key 'clases' in a rule; did you mean 'classes'?",
                  "tools/desk.yaml:3:9: no driver 'ekho'; did you mean 'echo'?",
                  "workflows/pay.yaml:3:15: tool 'desk' has no operation 'pay'; known: look",
                  HasSubstr("workflows/pay.yaml:4:16: tool 'desk' has no operation 'lok'; did you mean 'look'?")));
  EXPECT_EQ(engine_->current_project(), nullptr);
}

TEST_F(ApiDefinitions, AVersionThatWasDeployedWithOtherContentsIsAConflict) {
  deploy_desk();
  definition::SourceFiles files = desk_files();
  files["workflows/greet.yaml"] = desk_workflow("greet", "- say: {set: {greeting: bye}}\n");
  expect_problem(deploy(files), 409, HasSubstr("give it a new version"));
}

TEST_F(ApiDefinitions, OneWorkflowIsAddedToWhatIsThere) {
  deploy_desk();
  const std::string text = desk_workflow("third", "- one: {set: {a: 1}}\n");
  EXPECT_EQ(call("root", "POST /api/v1/workflows", text, {{"content-type", "application/yaml"}}).status, 201);
  EXPECT_EQ(engine_->current_project()->workflows.size(), 3u);
  EXPECT_EQ(start("third", "{}").empty(), false);
  const Response wrong = call("root", "POST /api/v1/workflows", desk_workflow("fourth", "- one: {sett: {a: 1}}\n"),
                              {{"content-type", "application/yaml"}});
  EXPECT_THAT(problems_of(wrong), ElementsAre(HasSubstr("workflows/desk-fourth.yaml:3:9: unknown key 'sett'")));
}

TEST_F(ApiDefinitions, PathsThatLeaveTheProjectAreRefused) {
  for (const char* path : {"../x.yaml", "/etc/passwd", "workflows/../../x.yaml", ""})
    expect_problem(deploy({{path, "a: 1"}}), 400, HasSubstr("relative path without '..'"));
  expect_problem(call("root", "POST /api/v1/projects", R"({"files": []})"), 400, HasSubstr("expected {\"files\""));
  expect_problem(call("root", "POST /api/v1/projects", R"({"files": {"workflows/a.yaml": 5}})"), 400,
                 HasSubstr("workflows/a.yaml"));
}

}  // namespace
}  // namespace gantry::server

// What holds for every route: who may call it, what a body may be, how a refusal looks.
#include <algorithm>

#include "server/api_fixture.h"

namespace gantry::server {
namespace {

using ::testing::_;
using ::testing::HasSubstr;

using ApiRoutes = ApiTest;

TEST_F(ApiRoutes, HealthMetricsAndTheDescriptionNeedNoToken) {
  EXPECT_EQ(call("", "GET /healthz").status, 200);
  EXPECT_EQ(json(call("", "GET /healthz")).string_or("version", ""), "1.2.3");
  const Response metrics = call("", "GET /metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_THAT(metrics.content_type, HasSubstr("text/plain"));
  EXPECT_EQ(call("", "GET /api/v1/openapi.json").status, 200);
}

TEST_F(ApiRoutes, MetricsCountWhatHappened) {
  deploy_desk();
  start("greet", R"({"name": "x"})");
  const std::string text = call("", "GET /metrics").body;
  EXPECT_THAT(text, HasSubstr("gantry_instances{status=\"completed\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE gantry_journal_events_total counter\n"));
  EXPECT_THAT(text, HasSubstr("gantry_running_instances 0\n"));
}

TEST_F(ApiRoutes, MetricsDontGrowWithWhatPeopleSend) {
  deploy_desk();
  const auto lines = [&] {
    const std::string text = call("", "GET /metrics").body;
    EXPECT_THAT(text, ::testing::Not(HasSubstr("hostile")));
    return std::count(text.begin(), text.end(), '\n');
  };
  start("greet", R"({"name": "hostile-0"})");
  const auto once = lines();
  for (const char* name : {"hostile-1", "hostile-2{x=1}", "hostile-3"}) {
    start("greet", std::string(R"({"name": ")") + name + "\"}");
    call("ada", std::string("GET /api/v1/instances/") + name);
    call("", std::string("GET /") + name);
  }
  EXPECT_EQ(lines(), once);
}

TEST_F(ApiRoutes, ReadyOnlyWhenAProjectIsDeployed) {
  expect_problem(call("", "GET /readyz"), 503, HasSubstr("no project is deployed yet"));
  deploy_desk();
  EXPECT_EQ(call("", "GET /readyz").status, 200);
}

TEST_F(ApiRoutes, EveryOtherRouteNeedsAToken) {
  for (const Route& route : routes()) {
    if (!route.role) continue;
    std::string path = route.path;
    for (std::size_t open; (open = path.find('{')) != std::string::npos;)
      path.replace(open, path.find('}') - open + 1, "x");
    const Response without = call("", std::string(route.method) + " " + path);
    expect_problem(without, 401, HasSubstr("a valid bearer token is needed"));
    ASSERT_EQ(without.headers.size(), 1u);
    EXPECT_EQ(without.headers[0], std::pair(std::string("WWW-Authenticate"), std::string("Bearer")));
    const Response wrong =
        call("", std::string(route.method) + " " + path, "", {{"authorization", "Bearer gantry_no"}});
    EXPECT_EQ(wrong.status, 401);
    EXPECT_EQ(wrong.body, without.body) << "a wrong token must look like none";
  }
}

TEST_F(ApiRoutes, ATokenThatWasRevokedIsWrong) {
  EXPECT_EQ(call("ben", "GET /api/v1/me").status, 200);
  ASSERT_TRUE(store_->revoke_tokens("ben"));
  expect_problem(call("ben", "GET /api/v1/me"), 401, _);
}

TEST_F(ApiRoutes, ATokenThatLacksTheRoleIsRefusedWithTheRolesName) {
  for (const Route& route : routes()) {
    if (!route.role || !*route.role) continue;
    std::string path = route.path;
    for (std::size_t open; (open = path.find('{')) != std::string::npos;)
      path.replace(open, path.find('}') - open + 1, "x");
    expect_problem(call("nina", std::string(route.method) + " " + path), 403,
                   HasSubstr("needs the role '" + std::string(route.role) + "'; nina does not hold it"));
  }
  EXPECT_EQ(engine_->current_project(), nullptr);
}

TEST_F(ApiRoutes, TheCallerIsWhoTheTokenStandsFor) {
  const Value caller = json(call("ada", "GET /api/v1/me"));
  EXPECT_EQ(print_json(caller), R"({"person":"ada","roles":["cashier","manager"]})");
}

TEST_F(ApiRoutes, APathThatNobodyKnowsIsNotFound) {
  for (const char* path : {"/", "/api", "/api/v1/nothing", "/api/v1/instances/a/b/c", "/api/v1//instances", "//"})
    expect_problem(call("ada", std::string("GET ") + path), 404, HasSubstr("there is nothing at"));
}

TEST_F(ApiRoutes, AnotherMethodIsRefusedWithThoseThatWork) {
  const Response refused = call("ada", "DELETE /api/v1/workflows");
  expect_problem(refused, 405, HasSubstr("allowed: GET, POST"));
  ASSERT_EQ(refused.headers.size(), 1u);
  EXPECT_EQ(refused.headers[0].second, "GET, POST");
}

TEST_F(ApiRoutes, TheDescriptionListsEveryRoute) {
  const Value paths = json(call("", "GET /api/v1/openapi.json")).member("paths");
  for (const Route& route : routes()) {
    const Value* path = paths.find(route.path);
    ASSERT_NE(path, nullptr) << route.path;
    std::string method = route.method;
    for (char& letter : method) letter = static_cast<char>(letter - 'A' + 'a');
    ASSERT_NE(path->find(method), nullptr) << route.method << " " << route.path;
    EXPECT_EQ(path->member(method).string_or("summary", ""), route.summary);
    EXPECT_EQ(path->member(method).find("security") != nullptr, route.role != nullptr);
  }
}

struct ApiBodies : ApiTest {
  void SetUp() override { deploy_desk(); }
  Response send(const std::string& body, const std::string& type = "application/json") const {
    return call("ada", "POST /api/v1/workflows/desk/greet/instances?wait=20", body, {{"content-type", type}});
  }
};

TEST_F(ApiBodies, MalformedJsonIsRefusedWithItsPlace) {
  expect_problem(send("{\"name\":\n  oops}"), 400, HasSubstr("2:3: expected"));
  expect_problem(send("{\"name\": \"x\""), 400, HasSubstr("found the end of the text"));
  expect_problem(send("{} {}"), 400, HasSubstr("1:4: expected the end of the text"));
  expect_problem(send("\"\xFF\""), 400, _);
}

// Which of two values counts is not for us to guess: who looked at the request may have seen the other.
TEST_F(ApiBodies, AKeyThatIsThereTwiceIsRefusedWithItsPlace) {
  expect_problem(send(R"({"name": "ada", "name": "ben"})"), 400, HasSubstr("1:17: the key 'name' appears twice"));
  expect_problem(send(R"({"a": [{"n": 1, "n": 1}]})"), 400, HasSubstr("the key 'n' appears twice"));
}

TEST_F(ApiBodies, JsonTenThousandLevelsDeepIsRefused) {
  expect_problem(send(std::string(10'000, '[') + std::string(10'000, ']')), 400,
                 HasSubstr("nested deeper than 512 levels, which is the limit"));
}

TEST_F(ApiBodies, AYamlBombIsRefused) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string from = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + from;
    for (int j = 1; j < 10; ++j) bomb += ", " + from;
    bomb += "]\n";
  }
  expect_problem(send(bomb, "application/yaml"), 400, HasSubstr("body:"));
}

TEST_F(ApiBodies, YamlAndEdifactAreReadByTheirContentType) {
  const Response yaml = send("name: Ada", "application/yaml; charset=utf-8");
  EXPECT_EQ(json(yaml).member("output").string_or("greeting", ""), "hello Ada") << yaml.body;
  expect_problem(send("name: [", "application/yaml"), 400, HasSubstr("body:1:"));
  expect_problem(send("a,b\n1\n", "text/csv"), 400, HasSubstr("body:2:2: the record of line 2"));
  expect_problem(send("no EDIFACT at all", "application/edifact"), 400, HasSubstr("edifact"));
}

TEST_F(ApiBodies, AnotherContentTypeIsRefusedWithThoseThatWork) {
  for (const char* type :
       {"text/plain", "application/x-www-form-urlencoded", "text/html", "multipart/form-data; boundary=x"})
    expect_problem(send("{}", type), 415, HasSubstr("application/json"));
  EXPECT_EQ(send("{\"name\": \"x\"}", "").status, 201);
  EXPECT_EQ(send("{\"name\": \"x\"}", "application/vnd.desk+json").status, 201);
}

}  // namespace
}  // namespace gantry::server

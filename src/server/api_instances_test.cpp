// Instances through the API: start, idempotency, lists, cancel.
#include "server/api_fixture.h"

namespace gantry::server {
namespace {

using ::testing::_;
using ::testing::HasSubstr;

struct ApiInstances : ApiTest {
  void SetUp() override { deploy_desk(); }
  Response start_with_key(const std::string& key, const std::string& body) const {
    return call("ada", "POST /api/v1/workflows/desk/greet/instances?wait=20", body, {{"idempotency-key", key}});
  }
};

TEST_F(ApiInstances, AnInstanceRunsToItsEndWhileTheCallerWaits) {
  const Response started = call("ada", "POST /api/v1/workflows/desk/greet/instances?wait=20", R"({"name": "Ben"})");
  EXPECT_EQ(started.status, 201);
  const Value answer = json(started);
  EXPECT_EQ(answer.string_or("status", ""), "completed");
  EXPECT_EQ(answer.member("output").string_or("greeting", ""), "hello Ben");
  EXPECT_FALSE(answer.boolean_or("existed", true));
  const Value shown = json(call("nina", "GET /api/v1/instances/" + std::string(answer.string_or("instance", ""))));
  EXPECT_EQ(shown.string_or("status", ""), "completed");
  EXPECT_EQ(shown.string_or("person", ""), "ada");
}

TEST_F(ApiInstances, TheSameKeyGivesTheSameInstance) {
  const Value first = json(start_with_key("k1", R"({"name": "a"})"));
  const Value second = json(start_with_key("k1", R"({"name": "a"})"));
  EXPECT_EQ(second.string_or("instance", "?"), first.string_or("instance", "!"));
  EXPECT_TRUE(second.boolean_or("existed", false));
  EXPECT_NE(json(start_with_key("k2", R"({"name": "a"})")).string_or("instance", ""), first.string_or("instance", ""));
}

// Documented in docs/reference/commands.md: the key alone decides.
TEST_F(ApiInstances, TheSameKeyWithAnotherBodyGivesTheFirstInstance) {
  const Value first = json(start_with_key("k1", R"({"name": "a"})"));
  const Value second = json(start_with_key("k1", R"({"name": "b"})"));
  EXPECT_EQ(second.string_or("instance", "?"), first.string_or("instance", "!"));
  EXPECT_EQ(second.member("output").string_or("greeting", ""), "hello a");
  EXPECT_EQ(json(call("ada", "GET /api/v1/instances")).member("items").size(), 1u);
}

// The HTTP layer refuses such a header; should one come through, the journal does not take it.
TEST_F(ApiInstances, AKeyThatIsNotUtf8StartsNothingAndHarmsNothing) {
  const Response refused = start_with_key("k\xff", R"({"name": "a"})");
  EXPECT_GE(refused.status, 400) << refused.body;
  json(refused);
  EXPECT_EQ(json(call("ada", "GET /api/v1/instances")).member("items").size(), 0u);
  EXPECT_EQ(start_with_key("k1", R"({"name": "a"})").status, 201);
}

TEST_F(ApiInstances, AQuoteThatIsCutWithinACharacterIsStillJson) {
  const Response refused = call("ada", "GET /api/v1/instances?status=" + std::string(39, 'x') + "\u00e9");
  expect_problem(refused, 400, HasSubstr("xx\uFFFD"));
}

TEST_F(ApiInstances, AKeyOfSomebodyElseIsAnotherKey) {
  const auto start_as = [&](const char* person, const char* body) {
    return json(
        call(person, "POST /api/v1/workflows/desk/greet/instances?wait=20", body, {{"idempotency-key", "order-1"}}));
  };
  const Value hers = start_as("ada", R"({"name": "ada's secret"})"), his = start_as("ben", R"({"name": "ben"})");
  EXPECT_NE(his.string_or("instance", "?"), hers.string_or("instance", "?"));
  EXPECT_EQ(his.member("output").string_or("greeting", ""), "hello ben");
}

TEST_F(ApiInstances, WhatDoesNotExistIsNotFound) {
  expect_problem(call("ada", "POST /api/v1/workflows/desk/gret/instances", "{}"), 404, HasSubstr("desk/gret"));
  expect_problem(call("ada", "POST /api/v1/workflows/desk/greet/instances?version=9.9.9", "{}"), 404,
                 HasSubstr("9.9.9"));
  expect_problem(call("ada", "GET /api/v1/instances/nothing"), 404, HasSubstr("nothing"));
  expect_problem(call("ada", "GET /api/v1/effects/nothing"), 404, HasSubstr("nothing"));
  expect_problem(call("otto", "POST /api/v1/instances/nothing/cancel"), 404, HasSubstr("nothing"));
}

TEST_F(ApiInstances, ParametersThatARouteDoesNotHaveAreRefusedWithTheNearestThatItHas) {
  expect_problem(call("ada", "GET /api/v1/instances?statsu=running"), 400,
                 HasSubstr("'statsu' of GET /api/v1/instances; did you mean 'status'?"));
  expect_problem(call("ada", "POST /api/v1/workflows/desk/greet/instances?wiat=1", "{}"), 400, HasSubstr("'wait'"));
  EXPECT_EQ(json(call("ada", "GET /api/v1/instances")).member("items").size(), 0u) << "nothing was started";
  for (const Route& route : routes()) {
    std::string path = route.path;
    for (std::size_t open = path.find('{'); open != std::string::npos; open = path.find('{'))
      path.replace(open, path.find('}', open) - open + 1, "x");
    const Response refused = call(route.role == nullptr ? "" : *route.role ? holder_of(route.role) : "ada",
                                  std::string(route.method) + " " + path + "?nosuch=1", "{}");
    expect_problem(refused, 400, HasSubstr("there is no query parameter 'nosuch'"));
  }
  expect_problem(call("", "GET /api/v1/instances?nosuch=1"), 401, HasSubstr("token"));
}

TEST_F(ApiInstances, WrongParametersAreRefused) {
  for (const char* wait : {"x", "-1", "61", "99999999999999999999"})
    expect_problem(call("ada", std::string("POST /api/v1/workflows/desk/greet/instances?wait=") + wait, "{}"), 400,
                   HasSubstr("'wait'"));
  for (const char* limit : {"0", "1001", "x", "-5", "99999999999999999999"})
    expect_problem(call("ada", std::string("GET /api/v1/instances?limit=") + limit), 400, HasSubstr("'limit'"));
  expect_problem(call("ada", "GET /api/v1/instances?cursor=x"), 400, HasSubstr("not a cursor"));
  expect_problem(start_with_key(std::string(201, 'k'), "{}"), 400, HasSubstr("'Idempotency-Key'"));
}

TEST_F(ApiInstances, ListsArePagedByCursorAndCompleteWithoutDoubles) {
  std::set<std::string> started;
  for (int i = 0; i < 7; ++i) started.insert(start("greet", R"({"name": "x"})"));
  std::set<std::string> seen;
  std::string cursor;
  int pages = 0;
  do {
    const Value page = json(call("ada", "GET /api/v1/instances?limit=3&cursor=" + cursor));
    EXPECT_LE(page.member("items").size(), 3u);
    const Value rows = page.member("items");
    for (const Value& row : rows.items()) EXPECT_TRUE(seen.insert(std::string(row.string_or("id", ""))).second);
    cursor = std::string(page.string_or("next", ""));
  } while (!cursor.empty() && ++pages < 10);
  EXPECT_EQ(seen, started);
  EXPECT_EQ(pages, 2);
}

TEST_F(ApiInstances, ListsAreFilteredByStatusAndWorkflow) {
  start("greet", R"({"name": "x"})");
  const std::string waiting = start("pay", R"({"amount": 5})");
  const Value rows = json(call("ada", "GET /api/v1/instances?status=waiting")).member("items");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows.items()[0].string_or("id", ""), waiting);
  EXPECT_EQ(json(call("ada", "GET /api/v1/instances?workflow=desk/greet")).member("items").size(), 1u);
  expect_problem(call("ada", "GET /api/v1/instances?status=sleeping"), 400, _);
}

TEST_F(ApiInstances, TheJournalOfAnInstanceHasItsEventsInOrder) {
  const std::string id = start("greet", R"({"name": "x"})");
  const Value events = json(call("ada", "GET /api/v1/instances/" + id + "/journal")).member("items");
  ASSERT_GE(events.size(), 2u);
  EXPECT_EQ(events.items().front().string_or("type", ""), "instance_started");
  EXPECT_EQ(events.items().back().string_or("type", ""), "instance_completed");
}

TEST_F(ApiInstances, AnOperatorCancelsAndASecondTimeIsAConflict) {
  const std::string id = start("pay", R"({"amount": 5})");
  const Response cancelled = call("otto", "POST /api/v1/instances/" + id + "/cancel", R"({"reason": "enough"})");
  EXPECT_EQ(cancelled.status, 200) << cancelled.body;
  EXPECT_EQ(json(cancelled).string_or("status", ""), "cancelled");
  expect_problem(call("otto", "POST /api/v1/instances/" + id + "/cancel", "{}"), 409, HasSubstr("ended already"));
}

TEST_F(ApiInstances, AnOperatorGoesOnFromATaskInANewInstance) {
  const std::string id = start("pay", R"({"amount": 5})");
  expect_problem(call("otto", "POST /api/v1/instances/" + id + "/retry"), 409, HasSubstr("is waiting"));
  expect_problem(call("otto", "POST /api/v1/instances/" + id + "/fork"), 400, HasSubstr("from which task"));
  expect_problem(call("otto", "POST /api/v1/instances/" + id + "/fork", R"({"task": 1})"), 400, HasSubstr("/task"));
  expect_problem(call("ada", "POST /api/v1/instances/" + id + "/fork", R"({"task": "/do/0/pay"})"), 403, HasSubstr("operator"));
  const Response forked = call("otto", "POST /api/v1/instances/" + id + "/fork", R"({"task": "/do/0/pay"})");
  EXPECT_EQ(forked.status, 201) << forked.body;
  EXPECT_EQ(json(forked).string_or("continues", ""), id);
  EXPECT_NE(json(forked).string_or("instance", id), id);
}

TEST_F(ApiInstances, AnOperatorSuspendsAndResumes) {
  const std::string id = start("pay", R"({"amount": 5})");
  const Response suspended = call("otto", "POST /api/v1/instances/" + id + "/suspend", R"({"reason": "look first"})");
  EXPECT_EQ(suspended.status, 200) << suspended.body;
  EXPECT_EQ(json(suspended).string_or("status", ""), "suspended");
  EXPECT_EQ(json(call("ada", "GET /api/v1/instances?status=suspended")).member("items").size(), 1u);
  expect_problem(call("otto", "POST /api/v1/instances/" + id + "/suspend", "{}"), 409, HasSubstr("is suspended"));
  const Response resumed = call("otto", "POST /api/v1/instances/" + id + "/resume");
  EXPECT_EQ(resumed.status, 200) << resumed.body;
  EXPECT_EQ(json(resumed).string_or("status", ""), "waiting");
  expect_problem(call("otto", "POST /api/v1/instances/" + id + "/resume"), 409, HasSubstr("is not suspended"));
}

TEST_F(ApiInstances, SchedulesAreListed) {
  definition::SourceFiles files = desk_files();
  files["workflows/nightly.yaml"] =
      "document: {dsl: '1.0.3', namespace: desk, name: nightly, version: 1.0.0}\n"
      "schedule: {cron: '0 3 * * *'}\ndo:\n- say: {set: {x: 1}}\n";
  ASSERT_EQ(call("root", "POST /api/v1/projects", deploy_body(files)).status, 201);
  const Value rows = json(call("nina", "GET /api/v1/schedules")).member("items");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows.items()[0].string_or("schedule", ""), "desk/nightly:1.0.0");
  EXPECT_EQ(rows.items()[0].string_or("cron", ""), "0 3 * * *");
  EXPECT_EQ(rows.items()[0].string_or("next", ""), "2025-11-25T03:00:00Z");
}

}  // namespace
}  // namespace gantry::server

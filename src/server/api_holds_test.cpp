#include "server/api_fixture.h"
#include "server/retention_runner.h"

namespace gantry::server {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class ApiHolds : public ApiTest {
 protected:
  ApiHolds() {
    definition::SourceFiles files = desk_files();
    files["gantry.yaml"] = "retention: {instances: P30D}\n";
    EXPECT_EQ(call("root", "POST /api/v1/projects", deploy_body(files)).status, 201);
  }
  std::size_t count() const { return json(call("vera", "GET /api/v1/instances")).member("items").size(); }
  Response hold(const std::string& body) const { return call("vera", "POST /api/v1/holds", body); }
};

TEST_F(ApiHolds, AreListedWithWhoAndWhyAndNeedTheRole) {
  const std::string id = start("greet", R"({"name":"Ada"})");
  expect_problem(call("root", "POST /api/v1/holds", "{}"), 403, HasSubstr("auditor"));
  EXPECT_EQ(hold(R"({"action":"place","instance":")" + id + R"(","reason":"case 12"})").status, 200);
  EXPECT_EQ(hold(R"({"action":"place","workflow":"desk/pay","reason":"case 13"})").status, 200);
  const Value items = json(call("vera", "GET /api/v1/holds")).member("items");
  ASSERT_THAT(items.items(), SizeIs(2));
  EXPECT_EQ(items.item(0).string_or("scope", ""), "instance:" + id);
  EXPECT_EQ(items.item(1).string_or("person", ""), "vera");
  EXPECT_EQ(items.item(1).string_or("reason", ""), "case 13");
  EXPECT_EQ(hold(R"({"action":"lift","workflow":"desk/pay","reason":"over"})").status, 200);
  EXPECT_THAT(json(call("vera", "GET /api/v1/holds")).member("items").items(), SizeIs(1));
}

TEST_F(ApiHolds, RefuseWhatMeansNothing) {
  expect_problem(hold("{}"), 400, HasSubstr("'action'"));
  expect_problem(hold(R"({"action":"place","reason":"x"})"), 400, HasSubstr("one of the two"));
  expect_problem(hold(R"({"action":"place","workflow":"desk/pay"})"), 400, HasSubstr("reason"));
  expect_problem(hold(R"({"action":"place","instance":"nothing","reason":"x"})"), 404, HasSubstr("nothing"));
  expect_problem(hold(R"({"action":"lift","workflow":"desk/pay","reason":"x"})"), 404, HasSubstr("no hold"));
}

TEST_F(ApiHolds, TheEngineGoesOnAfterTheStoreWroteItsOwnEvents) {
  EXPECT_EQ(hold(R"({"action":"place","workflow":"desk/pay","reason":"x"})").status, 200);
  const Response event =
      call("otto", "POST /api/v1/events", R"({"specversion":"1.0","id":"1","source":"s","type":"t"})",
           {{"content-type", "application/cloudevents+json"}});
  EXPECT_EQ(event.status, 202) << event.body;
  EXPECT_EQ(hold(R"({"action":"lift","workflow":"desk/pay","reason":"x"})").status, 200);
  start("greet", R"({"name":"Ada"})");
}

}  // namespace
}  // namespace gantry::server

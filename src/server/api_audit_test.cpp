#include "server/api_fixture.h"

namespace gantry::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class ApiAudit : public ApiTest {
 protected:
  void SetUp() override {
    deploy_desk();
    start("greet", R"({"name":"Ada"})");
    paid_ = start("pay", R"({"amount":5})", "ben");
  }
  std::vector<std::string> types(const std::string& query) const {
    std::vector<std::string> types;
    const Value items = json(call("vera", "GET /api/v1/audit" + query)).member("items");
    for (const Value& item : items.items())
      types.emplace_back(item.string_or("type", ""));
    return types;
  }
  std::string paid_;
};

TEST_F(ApiAudit, ListsEveryEventOldestFirstWithItsHash) {
  const Value items = json(call("vera", "GET /api/v1/audit")).member("items");
  ASSERT_GT(items.size(), 4u);
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(items.item(i).integer_or("position", 0), static_cast<std::int64_t>(i + 1));
    EXPECT_THAT(std::string(items.item(i).string_or("hash", "")), SizeIs(64));
    EXPECT_FALSE(items.item(i).boolean_or("erased", true));
  }
  EXPECT_EQ(items.item(0).string_or("type", ""), "project_deployed");
  EXPECT_EQ(items.item(1).member("data").member("input").string_or("name", ""), "Ada");
}

TEST_F(ApiAudit, PagesByCursorWithoutLossOrRepetition) {
  std::size_t count = 0;
  std::string cursor;
  do {
    const Value page = json(call("vera", "GET /api/v1/audit?limit=2&cursor=" + cursor));
    const Value items = page.member("items");
    for (const Value& item : items.items())
      EXPECT_EQ(item.integer_or("position", 0), static_cast<std::int64_t>(++count));
    cursor = page.string_or("next", "");
  } while (!cursor.empty());
  EXPECT_EQ(count, json(call("vera", "GET /api/v1/audit")).member("items").size());
}

TEST_F(ApiAudit, FiltersByInstanceTypePersonAndTime) {
  EXPECT_THAT(types("?instance=" + paid_), testing::Contains("effect_proposed"));
  EXPECT_THAT(types("?type=project_deployed"), ElementsAre("project_deployed"));
  EXPECT_THAT(types("?person=ben&type=instance_started"), ElementsAre("instance_started"));
  EXPECT_THAT(types("?person=nobody"), SizeIs(0));
  const std::string now = format_timestamp(clock_.now());
  EXPECT_THAT(types("?to=" + now), SizeIs(0));
  EXPECT_THAT(types("?from=" + now), SizeIs(testing::Gt(4u)));
}

TEST_F(ApiAudit, NeedsTheRoleAndRefusesFiltersThatMeanNothing) {
  expect_problem(call("root", "GET /api/v1/audit"), 403, HasSubstr("auditor"));
  expect_problem(call("vera", "GET /api/v1/audit?type=tea"), 400, HasSubstr("tea"));
  expect_problem(call("vera", "GET /api/v1/audit?from=yesterday"), 400, HasSubstr("'from'"));
  expect_problem(call("vera", "GET /api/v1/audit?cursor=x"), 400, HasSubstr("cursor"));
}

}  // namespace
}  // namespace gantry::server

#include "server/standby.h"

#include <gmock/gmock.h>

#include "value/json.h"

namespace gantry::server {
namespace {

Request get(std::string path) {
  Request request;
  request.method = "GET";
  request.path = std::move(path);
  return request;
}

TEST(Standby, LivesAndNamesTheNodeToAskUntilTheApiTakesOver) {
  Standby standby;
  EXPECT_EQ(standby.handle(get("/healthz")).status, 200);
  EXPECT_EQ(standby.handle(get("/readyz")).status, 503);
  standby.waits_for("north", "http://10.0.0.1:8420");
  const Response refused = standby.handle(get("/api/v1/instances"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.content_type, "application/problem+json");
  EXPECT_THAT(refused.headers, testing::Contains(testing::Pair("Retry-After", "1")));
  const auto body = parse_json(refused.body);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->string_or("node", ""), "north");
  EXPECT_EQ(body->string_or("address", ""), "http://10.0.0.1:8420");
  EXPECT_THAT(body->string_or("detail", ""), testing::HasSubstr("north at http://10.0.0.1:8420"));
  standby.hand_over([](const Request&) { return Response{204, "", "text/plain", {}}; });
  EXPECT_EQ(standby.handle(get("/api/v1/instances")).status, 204);
  EXPECT_EQ(standby.handle(get("/healthz")).status, 204);
}

}  // namespace
}  // namespace gantry::server

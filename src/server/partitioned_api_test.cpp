#include "server/partitioned_api.h"

#include <gmock/gmock.h>

#include "server/api_fixture.h"

namespace gantry::server {
namespace {

using ::testing::HasSubstr;

TEST(PartitionedRoutes, EachIsThoughtOf) {
  std::vector<std::string> refused;
  for (const Route& route : routes())
    if (reach_of(route) == Reach::refused) refused.emplace_back(route.path);
  EXPECT_THAT(refused,
              ::testing::ElementsAre("/api/v1/migrations/plan", "/api/v1/migrations", "/api/v1/migrations/{id}/undo"));
}

// Two partitions on stores in memory; this node has the first, or both.
class PartitionedApiTest : public ::testing::Test {
 protected:
  static constexpr std::size_t count = 2;

  PartitionedApiTest() {
    for (std::size_t number = 0; number < count; ++number) {
      stores_.push_back(*journal::Store::open("memory:"));
      queries_.push_back(*journal::Query::open(*stores_.back()));
      engine::EngineOptions options;
      options.accepts_id = [number](std::string_view id) { return journal::partition_of(id, count) == number; };
      engines_.push_back(*engine::Engine::open({.store = stores_.back().get(),
                                                .drivers = {{"echo", tool::make_echo_driver()}},
                                                .clock = &clock_,
                                                .random = &random_,
                                                .trace = {}},
                                               options));
      EXPECT_TRUE(stores_.back()->add_token(token_.record).ok());
      auto loaded = definition::load_project(
          {{"workflows/greet.yaml", desk_workflow("greet", "- say: {set: {greeting: hello}}\n")},
           {"policies/desk.yaml", desk_policy}});
      EXPECT_TRUE(
          engines_.back()->deploy(std::get<definition::ProjectPointer>(loaded), {"root", {"administrator"}}).ok());
    }
    PartitionedApi::Parts parts;
    parts.directory = &directory_;
    for (const auto& query : queries_) parts.readers.push_back(query.get());
    parts.forwarder = &forwarder_;
    parts.clock = &clock_;
    parts.version = "1.2.3";
    parts.view_life = std::chrono::hours(1);
    parts.await_followers = [this](Duration) { return unconfirmed_; };
    api_ = std::make_unique<PartitionedApi>(std::move(parts));
  }

  void open(std::size_t number) {
    auto partition = std::make_shared<OpenPartition>();
    partition->number = number;
    partition->engine = engines_[number].get();
    partition->query = queries_[number].get();
    partition->api = std::make_unique<Api>(
        ApiParts{partition->engine, partition->query, &clock_, "1.2.3", true, &partition->is_closing});
    directory_.add(std::move(partition));
  }

  Response call(const std::string& method, const std::string& path,
                std::map<std::string, std::string, std::less<>> headers = {},
                std::map<std::string, std::string, std::less<>> query = {}) const {
    Request request{.method = method,
                    .path = path,
                    .query = std::move(query),
                    .headers = std::move(headers),
                    .body = method == "POST" ? "{}" : ""};
    request.headers.emplace("authorization", "Bearer " + token_.token);
    return api_->handle(request);
  }
  static Value json(const Response& response) {
    auto value = parse_json(response.body);
    EXPECT_TRUE(value.ok()) << response.body;
    return value ? *value : Value();
  }
  Response start(const std::string& key) const {
    return call("POST", "/api/v1/workflows/desk/greet/instances", {{"idempotency-key", key}}, {{"wait", "20"}});
  }
  static std::string key_in(std::size_t partition) {
    for (int number = 0;; ++number)
      if (journal::partition_of_key("desk/greet", std::to_string(number), count) == partition)
        return std::to_string(number);
  }

  ManualClock clock_{Timestamp(std::chrono::hours(490'000))};
  SeededRandom random_{7};
  const NewToken token_ =
      create_token("ada", {"administrator", "operator", "auditor"}, std::nullopt, clock_.now(), random_);
  std::vector<std::unique_ptr<journal::Store>> stores_;
  std::vector<std::unique_ptr<journal::Query>> queries_;
  std::vector<std::unique_ptr<engine::Engine>> engines_;
  PartitionDirectory directory_{count, "http://here"};
  Forwarder forwarder_{"secret", 4};
  std::vector<std::size_t> unconfirmed_;
  std::unique_ptr<PartitionedApi> api_;
};

TEST_F(PartitionedApiTest, AnInstanceIsInThePartitionOfItsIdAndItsKeyFindsItAgain) {
  open(0);
  open(1);
  for (std::size_t number = 0; number < count; ++number) {
    const Value started = json(start(key_in(number)));
    const std::string id(started.string_or("instance", ""));
    EXPECT_EQ(started.string_or("status", ""), "completed");
    EXPECT_EQ(journal::partition_of(id, count), number);
    EXPECT_TRUE(json(start(key_in(number))).boolean_or("existed", false));
    EXPECT_EQ(json(call("GET", "/api/v1/instances/" + id)).string_or("id", ""), id);
  }
  const Value list = json(call("GET", "/api/v1/instances"));
  EXPECT_EQ(list.member("items").size(), 2u);
  EXPECT_TRUE(list.member("next").is_null());
  EXPECT_EQ(call("GET", "/api/v1/instances", {}, {{"cursor", "1"}}).status, 400);
  EXPECT_EQ(call("GET", "/api/v1/instances", {}, {{"staus", "running"}}).status, 400);
}

TEST_F(PartitionedApiTest, WhatNobodyHasIsAskedForAgainLater) {
  open(0);
  const Response refused = start(key_in(1));
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.headers, ::testing::Contains(::testing::Pair("Retry-After", "1")));
  EXPECT_THAT(refused.body, HasSubstr("no node has partition 1"));
  EXPECT_EQ(start(key_in(0)).status, 201);
  EXPECT_EQ(start("").status, 201) << "without a key it is started where this node can";
}

TEST_F(PartitionedApiTest, AStopNamesWhoHasNotConfirmedIt) {
  open(0);
  Value answer = json(call("POST", "/api/v1/gate/stop"));
  EXPECT_EQ(print_json(answer.member("unconfirmed")), "[]");
  unconfirmed_ = {1};
  const Response stopped = call("POST", "/api/v1/gate/stop");
  EXPECT_EQ(stopped.status, 202);
  EXPECT_EQ(print_json(json(stopped).member("unconfirmed")), "[1]");
  EXPECT_EQ(print_json(json(call("GET", "/api/v1/gate")).member("unconfirmed")), "[1]");
}

TEST_F(PartitionedApiTest, OnlyANodeMaySayWhichPartitionIsMeant) {
  open(0);
  open(1);
  EXPECT_EQ(call("POST", "/api/v1/gate/stop", {{"gantry-partition", "1"}}).status, 403);
  EXPECT_EQ(call("POST", "/api/v1/gate/stop", {{"gantry-partition", "1"}, {"gantry-node", "guess"}}).status, 403);
  EXPECT_EQ(call("GET", "/api/v1/gate", {{"gantry-partition", "0"}, {"gantry-node", "secret"}}).status, 200);
  EXPECT_EQ(call("GET", "/api/v1/gate", {{"gantry-partition", "2"}, {"gantry-node", "secret"}}).status, 400);
  EXPECT_EQ(print_json(engines_[1]->gate_state()), R"({"stops":[]})");
}

TEST_F(PartitionedApiTest, WhoIsNotKnownLearnsNothing) {
  open(0);
  for (const Route& route : routes()) {
    if (!route.role) continue;
    std::string path = route.path;
    for (std::size_t brace; (brace = path.find('{')) != std::string::npos;)
      path.replace(brace, path.find('}') - brace + 1, "x");
    const Response refused = call(route.method, path, {{"authorization", "Bearer gantry_no"}});
    EXPECT_TRUE(refused.status == 401 || refused.status == 501 || refused.status == 503)
        << path << " " << refused.status;
  }
}

}  // namespace
}  // namespace gantry::server

// Effects that the http driver performs without a thread of its caller's.
#include <condition_variable>
#include <map>
#include <mutex>

#include "tool/http_driver_fixture.h"

namespace gantry::tool {
namespace {

using definition::EffectClass;
using testing::HasSubstr;
using Connection = HttpTestServer::Connection;
using Kind = Outcome::Kind;

struct NumberedErrand final : Errand {
  explicit NumberedErrand(int given) : number(given) {}
  int number;
};

class Collector final : public OutcomeReceiver {
 public:
  void take(std::vector<Finished> finished) override {
    std::lock_guard lock(mutex_);
    for (Finished& one : finished)
      outcomes_[static_cast<NumberedErrand&>(*one.errand).number].push_back(std::move(one.outcome));
    changed_.notify_all();
  }
  // Of each errand by its number, when `count` are there.
  std::map<int, std::vector<Outcome>> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(30), [&] { return outcomes_.size() >= count; }));
    return outcomes_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int, std::vector<Outcome>> outcomes_;
};

struct BeginCase : HttpCase {
  using HttpCase::HttpCase;

  void begin(int number, std::string_view arguments = "{}", std::stop_token stop = {}) {
    if (driver == nullptr) driver = make_http_driver(options);
    CallContext context{.tool = &tool, .operation = &operation, .attempt = 1, .stop = std::move(stop)};
    const Effect made = effect(http_json(arguments));
    ASSERT_TRUE(driver->can_begin(made, context));
    driver->begin({gate::Gate::permit_for_test(made), context, std::make_unique<NumberedErrand>(number), collector});
  }

  std::shared_ptr<Collector> collector = std::make_shared<Collector>();
};

TEST(HttpBegin, ManyAreUnderWayAtOnceAndEachGetsItsOwnAnswerOnce) {
  // Nobody is answered before all have asked.
  constexpr int count = 8;
  std::mutex mutex;
  std::condition_variable changed;
  int asked = 0;
  HttpTestServer server([&](Connection& connection) {
    const std::string request = connection.read_request();
    {
      std::unique_lock lock(mutex);
      ++asked;
      changed.notify_all();
      changed.wait_for(lock, std::chrono::seconds(30), [&] { return asked == count; });
    }
    connection.answer("200 OK", "application/json", request.substr(request.find("\r\n\r\n") + 4));
  });
  BeginCase test(server, EffectClass::write, post_binding);
  for (int number = 0; number < count; ++number) test.begin(number, R"({"n":)" + std::to_string(number) + "}");
  const auto outcomes = test.collector->wait_for(count);
  for (int number = 0; number < count; ++number) {
    ASSERT_EQ(outcomes.at(number).size(), 1u) << number;
    EXPECT_EQ(outcomes.at(number)[0].result.integer_or("n", -1), number);
  }
}

TEST(HttpBegin, WhatIsRefusedBeforeSendingReachesTheReceiver) {
  HttpTestServer server(HttpTestServer::always("200 OK", "application/json", "1"));
  BeginCase path(server, EffectClass::write, R"({"method": "post", "path": "/a/{id}"})");
  path.begin(1, R"({"id": ".."})");
  const Outcome validation = path.collector->wait_for(1).at(1)[0];
  EXPECT_EQ(validation.kind, Kind::failed);
  EXPECT_EQ(definition::error_kind(validation.error.type), "validation");
  BeginCase egress(server, EffectClass::write, post_binding);
  egress.options.egress_allow = {"example.org"};
  egress.begin(1);
  EXPECT_EQ(definition::error_kind(egress.collector->wait_for(1).at(1)[0].error.type), "authorization");
  // A name that is allowed but leads to this machine: the address is what counts.
  BeginCase address(server, EffectClass::write, post_binding);
  address.options.egress_any = true;
  address.options.egress_allow = {};
  for (const std::string host : {"127.0.0.1", "localhost", "[::1]"}) {
    address.tool.settings = Value::object({{"baseUrl", "http://" + host + ":" + std::to_string(server.port())}});
    address.collector = std::make_shared<Collector>();
    address.begin(1);
    const Outcome outcome = address.collector->wait_for(1).at(1)[0];
    EXPECT_EQ(outcome.kind, Kind::failed) << host;
    EXPECT_THAT(outcome.error.detail, HasSubstr("not a public address")) << host;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpBegin, OnesThatStopAreAmbiguousWhereTheyWereSent) {
  std::stop_source stop;
  HttpTestServer server([&](Connection& connection) {
    connection.read_request();
    stop.request_stop();
    connection.wait_until_closed();
  });
  BeginCase test(server, EffectClass::write, post_binding);
  test.begin(1, "{}", stop.get_token());
  EXPECT_EQ(test.collector->wait_for(1).at(1)[0].kind, Kind::ambiguous);
}

TEST(HttpBegin, ConnectionsAreKeptForReadsAndForWritesWithAKey) {
  HttpTestServer server(HttpTestServer::always("200 OK", "application/json", "1"));
  BeginCase keyed(server, EffectClass::write, post_binding);
  keyed.operation.idempotency = definition::Idempotency::key;
  BeginCase plain(server, EffectClass::write, post_binding);
  for (int number = 0; number < 3; ++number) {
    keyed.begin(number, R"({"x": 1})");
    plain.begin(number);
    for (BeginCase* test : {&keyed, &plain})
      EXPECT_EQ(test->collector->wait_for(static_cast<std::size_t>(number) + 1).at(number)[0].kind, Kind::done);
  }
  EXPECT_EQ(server.connections(), 4);
}

TEST(HttpBegin, HttpsIsLeftToAThreadOfTheCallers) {
  HttpTestServer server(HttpTestServer::always("200 OK", "application/json", "1"));
  HttpCase test(server, EffectClass::write, post_binding);
  const auto can_begin = [&](const char* base, std::map<std::string, std::string> overrides) {
    test.options.host_override = std::move(overrides);
    test.tool.settings = Value::object({{"baseUrl", base}});
    const CallContext context{.tool = &test.tool, .operation = &test.operation, .attempt = 1, .stop = {}};
    return make_http_driver(test.options)->can_begin(test.effect(Value()), context);
  };
  EXPECT_TRUE(can_begin("http://tos.example", {}));
  EXPECT_FALSE(can_begin("https://tos.example", {}));
  EXPECT_FALSE(can_begin("http://tos.example", {{"http://tos.example", "https://other.example"}}));
  EXPECT_TRUE(can_begin("https://tos.example", {{"https://tos.example", server.origin()}}));
}

TEST(HttpBegin, ADriverThatGoesAwayDropsWhatIsUnderWay) {
  HttpTestServer server([](Connection& connection) { connection.wait_until_closed(); });
  BeginCase test(server, EffectClass::write, post_binding);
  test.begin(1);
  test.driver = nullptr;
  EXPECT_EQ(test.collector.use_count(), 1);
}

}  // namespace
}  // namespace gantry::tool

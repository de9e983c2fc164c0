// Secrets: sent where they belong, shown nowhere.
#include "tool/http_driver_fixture.h"

namespace gantry::tool {
namespace {

using definition::EffectClass;
using testing::HasSubstr;
using testing::Not;
using Connection = HttpTestServer::Connection;
using Kind = Outcome::Kind;

TEST(HttpDriver, AuthenticatesWithoutShowingTheSecret) {
  const std::string secret = "s3cr3t-token-value";
  HttpTestServer server([&](Connection& connection) {
    for (std::string request = connection.read_request(); !request.empty(); request = connection.read_request()) {
      const bool good = request.find("/good") != std::string::npos;
      connection.answer(good ? "200 OK" : "403 Forbidden", good ? "application/json" : "text/plain",
                        "{\"you sent " + secret + "\": \"" + secret + "\"}");
    }
  });
  HttpCase test(server, EffectClass::read, R"({"method": "get", "path": "/good"})");
  test.options.secrets = {{"tos", secret + "\n"}};
  test.tool.settings =
      std::move(test.tool.settings).with_member("authentication", http_json(R"({"bearer": {"secret": "tos"}})"));
  const Outcome outcome = test.call();
  EXPECT_THAT(server.requests().back(), HasSubstr("\r\nAuthorization: Bearer " + secret + "\r\n"));
  EXPECT_THAT(print_json(outcome.result), Not(HasSubstr(secret)));
  EXPECT_THAT(print_json(outcome.result), HasSubstr("[redacted]"));
  test.operation.binding = http_json(R"({"method": "get", "path": "/bad"})");
  const ErrorDetails refused = test.call().error;
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.detail, HasSubstr("[redacted]"));
  EXPECT_THAT(refused.detail, Not(HasSubstr(secret)));

  test.tool.settings =
      std::move(test.tool.settings)
          .with_member("authentication", http_json(R"({"basic": {"username": "ada", "passwordSecret": "tos"}})"));
  (void)test.call();
  EXPECT_THAT(server.requests().back(), HasSubstr("\r\nAuthorization: Basic YWRhOnMzY3IzdC10b2tlbi12YWx1ZQ==\r\n"));
  test.tool.settings =
      std::move(test.tool.settings)
          .with_member("authentication", http_json(R"({"header": {"name": "X-Key", "secret": "absent"}})"));
  const std::size_t sent = server.requests().size();
  const Outcome missing = test.call();
  EXPECT_EQ(definition::error_kind(missing.error.type), "authorization");
  EXPECT_EQ(server.requests().size(), sent);
}

TEST(HttpDriver, TakesTheStandardsSecretsByName) {
  HttpTestServer server(HttpTestServer::always("200 OK", "application/json", "1"));
  HttpOptions options;
  options.egress_allow = {"127.0.0.1"};
  options.secrets = {{"pair", R"({"username": "ada", "password": "lovelace"})"}, {"token", "a-long-token"}};
  const auto call = [&](std::string_view authentication) {
    return standard_call(
        options,
        Value::object(
            {{"method", "get"},
             {"endpoint", Value::object({{"uri", server.origin()}, {"authentication", http_json(authentication)}})}}));
  };
  EXPECT_EQ(call(R"({"basic": {"use": "pair"}})").kind, Kind::done);
  EXPECT_THAT(server.requests().back(), HasSubstr("Basic YWRhOmxvdmVsYWNl"));
  EXPECT_EQ(call(R"({"bearer": {"use": "token"}})").kind, Kind::done);
  EXPECT_THAT(server.requests().back(), HasSubstr("Bearer a-long-token"));
  EXPECT_EQ(call(R"({"bearer": {"token": {"$secret": "token"}}})").kind, Kind::done);
  EXPECT_THAT(server.requests().back(), HasSubstr("Bearer a-long-token"));
  EXPECT_EQ(call(R"({"basic": {"$secret": "pair"}})").kind, Kind::done);
  EXPECT_THAT(server.requests().back(), HasSubstr("Basic YWRhOmxvdmVsYWNl"));
  EXPECT_EQ(
      definition::error_kind(call(R"({"basic": {"username": "ada", "password": {"$secret": "none"}}})").error.type),
      "authorization");
  EXPECT_EQ(definition::error_kind(call(R"({"bearer": {"use": "none"}})").error.type), "authorization");
  EXPECT_EQ(definition::error_kind(call(R"({"digest": {"username": "a", "password": "b"}})").error.type),
            "configuration");
}

TEST(HttpDriver, SendsNoSecretThatUntrustedDataAsksFor) {
  HttpTestServer server(HttpTestServer::always("200 OK", "application/json", "1"));
  HttpOptions options;
  options.egress_allow = {"127.0.0.1"};
  options.secrets = {{"token", "a-long-token"}};
  const auto call = [&](std::string_view authentication) {
    const Value endpoint = Value::object({{"uri", server.origin()}, {"authentication", http_json(authentication)}});
    return standard_call(options,
                         Value::object({{"method", "get"}, {"endpoint", endpoint.labelled(Label::unknown())}}));
  };
  for (const char* authentication :
       {R"({"bearer": {"use": "token"}})", R"({"bearer": {"token": {"$secret": "token"}}})"}) {
    EXPECT_EQ(definition::error_kind(call(authentication).error.type), "authorization") << authentication;
  }
  EXPECT_TRUE(server.requests().empty());
  EXPECT_EQ(call(R"({"bearer": {"token": "literal"}})").kind, Kind::done);
}

TEST(HttpDriver, SendsNoSecretToAHostThatUntrustedDataChose) {
  HttpTestServer server(HttpTestServer::always("200 OK", "application/json", "1"));
  HttpOptions options;
  options.egress_allow = {"127.0.0.1"};
  options.secrets = {{"token", "a-long-token"}};
  const Value endpoint = Value::object({{"uri", Value(server.origin()).labelled(Label::unknown())},
                                        {"authentication", http_json(R"({"bearer": {"use": "token"}})")}});
  const Outcome outcome = standard_call(options, Value::object({{"method", "get"}, {"endpoint", endpoint}}));
  EXPECT_EQ(definition::error_kind(outcome.error.type), "authorization");
  EXPECT_THAT(outcome.error.detail, HasSubstr("data from outside chose the host"));
  EXPECT_TRUE(server.requests().empty());
}

TEST(HttpDriver, SendsASecretNowhereAfterARedirect) {
  HttpTestServer elsewhere(HttpTestServer::always("200 OK", "application/json", "1"));
  HttpTestServer server([&](Connection& connection) {
    while (!connection.read_request().empty())
      connection.write("HTTP/1.1 302 Found\r\nLocation: " + elsewhere.origin() + "/take\r\nContent-Length: 0\r\n\r\n");
  });
  HttpCase test(server, EffectClass::read, get_binding);
  test.options.egress_allow = {"127.0.0.1"};
  test.options.secrets = {{"tos", "a-long-token"}};
  test.tool.settings =
      std::move(test.tool.settings).with_member("authentication", http_json(R"({"bearer": {"secret": "tos"}})"));
  EXPECT_EQ(test.call().kind, Kind::failed);
  EXPECT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(elsewhere.connections(), 0);
}

}  // namespace
}  // namespace gantry::tool

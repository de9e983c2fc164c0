#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tool/driver.h"
#include "tool/http_test_server.h"
#include "tool/permit_for_test.h"
#include "tool/standard_call.h"
#include "value/json.h"

namespace gantry::tool {
namespace {

using definition::EffectClass;
using testing::HasSubstr;
using testing::Not;
using Connection = HttpTestServer::Connection;
using Kind = Outcome::Kind;

Value http_json(std::string_view text) {
  Result<Value> value = parse_json(text);
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? *std::move(value) : Value();
}

// A tool with one operation "go", and calls of it.
struct HttpCase {
  definition::Tool tool;
  definition::Operation operation;
  HttpOptions options;
  std::shared_ptr<Driver> driver;

  HttpCase(HttpTestServer& server, EffectClass effect_class, std::string_view binding) {
    tool.name = "tos";
    tool.driver = "http";
    tool.settings = Value::object({{"baseUrl", server.origin()}, {"timeout", "PT20S"}});
    operation.name = "go";
    operation.effect_class = effect_class;
    operation.binding = http_json(binding);
    options.egress_allow = {"127.0.0.1:" + std::to_string(server.port())};
  }

  Effect effect(Value arguments) const {
    Effect made;
    made.id = made.key = "01A-e1";
    made.tool = tool.name;
    made.operation = operation.name;
    made.effect_class = operation.effect_class;
    made.arguments = std::move(arguments);
    return made;
  }

  Outcome call(std::string_view arguments = "{}", int attempt = 1, std::stop_token stop = {}) {
    if (driver == nullptr) driver = make_http_driver(options);
    CallContext context{.tool = &tool, .operation = &operation, .attempt = attempt, .stop = std::move(stop)};
    return driver->call(gate::Gate::permit_for_test(effect(http_json(arguments))), context);
  }
};

Outcome standard_call(const HttpOptions& options, const Value& arguments) {
  Effect effect;
  effect.id = effect.key = "01A-e1";
  effect.tool = "http";
  effect.operation = "request";
  effect.arguments = arguments;
  effect.effect_class = class_of_call(standard_http_operation(), "http", arguments);
  CallContext context{.tool = nullptr, .operation = &standard_http_operation(), .attempt = 1, .stop = {}};
  return make_http_driver(options)->call(gate::Gate::permit_for_test(std::move(effect)), context);
}

std::string request_line(HttpTestServer& server) {
  const auto requests = server.requests();
  return requests.empty() ? "" : requests.back().substr(0, requests.back().find("\r\n"));
}

constexpr std::string_view get_binding = R"({"method": "get", "path": "/voyages"})";
constexpr std::string_view post_binding = R"({"method": "post", "path": "/moves"})";

TEST(HttpDriver, PutsArgumentsIntoPathQueryHeadersAndBody) {
  HttpTestServer server(HttpTestServer::always("200 OK", "application/json", R"({"ok":true})"));
  HttpCase test(
      server, EffectClass::write,
      R"({"method": "post", "path": "/voyages/{voyage}/moves", "query": ["mode", "tag"], "headers": {"X-Berth": "berth"}})");
  const Outcome outcome = test.call(
      R"({"voyage": "a/b ?", "mode": true, "tag": ["x", "y&z"], "berth": "B 7", "moves": [1, 2], "note": "n\r\nX: y"})");
  ASSERT_EQ(outcome.kind, Kind::done) << outcome.error.detail;
  EXPECT_EQ(outcome.result, http_json(R"({"ok":true})"));
  EXPECT_EQ(request_line(server), "POST /voyages/a%2Fb%20%3F/moves?mode=true&tag=x&tag=y%26z HTTP/1.1");
  const std::string request = server.requests().back();
  EXPECT_THAT(request, HasSubstr("\r\nX-Berth: B 7\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nIdempotency-Key: 01A-e1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\n\r\n{\"moves\":[1,2],\"note\":\"n\\r\\nX: y\"}"));
}

TEST(HttpDriver, SendsReadsWithoutAKeyAndTheirArgumentsAsQuery) {
  HttpTestServer server(HttpTestServer::always("200 OK", "application/json; charset=utf-8", "[1]"));
  HttpCase test(server, EffectClass::read, get_binding);
  const Outcome outcome = test.call(R"({"vessel": "MV Anna"})");
  EXPECT_EQ(outcome.result, http_json("[1]"));
  EXPECT_EQ(request_line(server), "GET /voyages?vessel=MV%20Anna HTTP/1.1");
  EXPECT_THAT(server.requests().back(), Not(HasSubstr("Idempotency-Key")));
}

TEST(HttpDriver, SendsTheBodyTheBindingNames) {
  HttpTestServer server(HttpTestServer::always("204 No Content", "text/plain", ""));
  HttpCase named(server, EffectClass::write, R"({"method": "put", "path": "/a", "body": ["x"]})");
  EXPECT_EQ(named.call(R"({"x": 1})").kind, Kind::done);
  EXPECT_THAT(server.requests().back(), HasSubstr("\r\n\r\n{\"x\":1}"));
  EXPECT_EQ(named.call(R"({"x": 1, "lost": 2})").kind, Kind::failed);
  HttpCase whole(server, EffectClass::write, R"({"method": "put", "path": "/a", "body": {"argument": "list"}})");
  EXPECT_EQ(whole.call(R"({"list": [1, 2]})").kind, Kind::done);
  EXPECT_THAT(server.requests().back(), HasSubstr("\r\n\r\n[1,2]"));
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST(HttpDriver, RefusesArgumentsThatWouldChangeTheRequest) {
  HttpTestServer server(HttpTestServer::always("200 OK", "application/json", "1"));
  HttpCase path(server, EffectClass::read, R"({"method": "get", "path": "/a/{id}/b"})");
  for (const char* arguments : {R"({"id": ".."})", R"({"id": "."})", R"({"id": ""})", R"({"id": {}})", R"({})"}) {
    const Outcome outcome = path.call(arguments);
    EXPECT_EQ(outcome.kind, Kind::failed) << arguments;
    EXPECT_EQ(definition::error_kind(outcome.error.type), "validation") << arguments;
  }
  HttpCase header(server, EffectClass::read, R"({"method": "get", "path": "/", "headers": {"X-Note": "note"}})");
  EXPECT_EQ(header.call(R"({"note": "a\r\nHost: evil.org"})").kind, Kind::failed);
  EXPECT_TRUE(server.requests().empty());
}

TEST(HttpDriver, ReadsChunkedAnswersTextAndBytes) {
  HttpTestServer server([](Connection& connection) {
    const std::string request = connection.read_request();
    if (request.find("/chunked") != std::string::npos) {
      connection.write(
          "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/vnd.x+json\r\n"
          "Transfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n");
    } else if (request.find("/bytes") != std::string::npos) {
      connection.answer("200 OK", "application/octet-stream", std::string("\xff\x00\x01", 3));
    } else {
      connection.answer("200 OK", "application/json", "not json");
    }
    connection.wait_until_closed();
  });
  const auto get = [&](std::string_view path) {
    return HttpCase(server, EffectClass::read, R"({"method":"get","path":")" + std::string(path) + "\"}").call().result;
  };
  EXPECT_EQ(get("/chunked"), http_json(R"({"a":1})"));
  EXPECT_EQ(get("/bytes"), http_json(R"({"base64":"/wAB","mediaType":"application/octet-stream"})"));
  EXPECT_EQ(get("/text"), Value("not json"));
}

TEST(HttpDriver, LabelsWhatComesBack) {
  HttpTestServer server([](Connection& connection) {
    for (std::string request = connection.read_request(); !request.empty(); request = connection.read_request()) {
      const bool found = request.find("/voyages") != std::string::npos;
      connection.answer(found ? "200 OK" : "404 Not Found", "application/json", R"({"a":"b"})");
    }
  });
  HttpCase test(server, EffectClass::read, get_binding);
  test.operation.result_label = Label::of(
      {.integrity = Integrity::internal, .secrecy = Secrecy::confidential, .sources = {}, .compartments = {}});
  const LabelContent& label = test.call().result.label().content();
  EXPECT_EQ(label.integrity, Integrity::internal);
  EXPECT_EQ(label.secrecy, Secrecy::confidential);
  EXPECT_EQ(label.sources, std::vector<std::string>{"tool:tos.go"});
  test.operation.binding = http_json(R"({"method": "get", "path": "/else"})");
  const ErrorDetails error = test.call().error;
  EXPECT_EQ(error.status, 404);
  EXPECT_EQ(to_value(error).label().content().integrity, Integrity::internal);
}

struct StatusCase {
  int status;
  Kind for_read, for_write, for_second_write;
};

TEST(HttpDriver, TellsFromTheStatusWhetherAnEffectTookPlace) {
  for (const StatusCase& expected : std::vector<StatusCase>{
           {200, Kind::done, Kind::done, Kind::done},
           {202, Kind::done, Kind::done, Kind::done},
           {303, Kind::failed, Kind::ambiguous, Kind::ambiguous},
           {307, Kind::failed, Kind::failed, Kind::ambiguous},
           {400, Kind::failed, Kind::failed, Kind::failed},
           {401, Kind::failed, Kind::failed, Kind::ambiguous},
           {404, Kind::failed, Kind::failed, Kind::failed},
           {408, Kind::failed, Kind::ambiguous, Kind::ambiguous},
           {409, Kind::failed, Kind::failed, Kind::ambiguous},
           {422, Kind::failed, Kind::failed, Kind::failed},
           {429, Kind::failed, Kind::failed, Kind::ambiguous},
           {500, Kind::failed, Kind::ambiguous, Kind::ambiguous},
           {501, Kind::failed, Kind::failed, Kind::ambiguous},
           {502, Kind::failed, Kind::ambiguous, Kind::ambiguous},
           {503, Kind::failed, Kind::failed, Kind::ambiguous},
           {504, Kind::failed, Kind::ambiguous, Kind::ambiguous},
       }) {
    HttpTestServer server(
        HttpTestServer::always(std::to_string(expected.status) + " Word", "text/plain", "a\r\nreason"));
    HttpCase read(server, EffectClass::read, get_binding);
    HttpCase write(server, EffectClass::write, post_binding);
    EXPECT_EQ(read.call().kind, expected.for_read) << expected.status;
    const Outcome outcome = write.call();
    EXPECT_EQ(outcome.kind, expected.for_write) << expected.status;
    EXPECT_EQ(write.call("{}", 2).kind, expected.for_second_write) << expected.status;
    if (outcome.kind == Kind::done) continue;
    EXPECT_EQ(outcome.error.status, expected.status);
    EXPECT_EQ(definition::error_kind(outcome.error.type), "communication");
    EXPECT_THAT(outcome.error.detail, HasSubstr("a  reason"));
  }
}

TEST(HttpDriver, NeverFollowsARedirect) {
  HttpTestServer target(HttpTestServer::always("200 OK", "application/json", "1"));
  HttpTestServer server([&](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 302 Found\r\nLocation: " + target.origin() + "/\r\nContent-Length: 0\r\n\r\n");
    connection.wait_until_closed();
  });
  HttpCase test(server, EffectClass::read, get_binding);
  test.options.egress_allow.push_back("127.0.0.1");
  EXPECT_EQ(test.call().kind, Kind::failed);
  EXPECT_EQ(target.connections(), 0);
}

// What the other side does, and what follows for a read and for a write.
void expect_after(const HttpTestServer::Handler& handler, Kind for_read, Kind for_write,
                  const char* timeout = "PT20S") {
  HttpTestServer server(handler);
  for (const auto& [effect_class, kind] :
       {std::pair(EffectClass::read, for_read), std::pair(EffectClass::write, for_write)}) {
    HttpCase test(server, effect_class, effect_class == EffectClass::read ? get_binding : post_binding);
    test.tool.settings = std::move(test.tool.settings).with_member("timeout", timeout);
    test.options.response_bytes_max = 1000;
    const Outcome outcome = test.call(R"({"a":1})");
    EXPECT_EQ(outcome.kind, kind) << outcome.error.detail;
    EXPECT_EQ(definition::error_kind(outcome.error.type), "communication");
  }
}

TEST(HttpDriver, ALostAnswerToAWriteIsAmbiguous) {
  expect_after([](Connection& connection) { connection.read_request(); }, Kind::failed, Kind::ambiguous);
  expect_after(
      [](Connection& connection) {
        connection.read_request();
        connection.reset();
      },
      Kind::failed, Kind::ambiguous);
}

TEST(HttpDriver, AnAnswerThatNeverComesIsAmbiguousForAWrite) {
  expect_after([](Connection& connection) { connection.wait_until_closed(); }, Kind::failed, Kind::ambiguous, "PT0.2S");
}

TEST(HttpDriver, AnAnswerThatIsCutOffIsAmbiguousForAWrite) {
  expect_after(
      [](Connection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"a\":");
      },
      Kind::failed, Kind::ambiguous);
}

TEST(HttpDriver, ARefusalCountsEvenWhenItsTextIsCutOff) {
  expect_after(
      [](Connection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 422 No\r\nContent-Length: 100\r\n\r\nbecau");
      },
      Kind::failed, Kind::failed);
}

TEST(HttpDriver, RefusesAnswersThatAreTooLarge) {
  expect_after(HttpTestServer::always("200 OK", "text/plain", std::string(1001, 'x')), Kind::failed, Kind::ambiguous);
  expect_after(
      [](Connection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (int chunk = 0; chunk < 100; ++chunk) connection.write("64\r\n" + std::string(100, 'x') + "\r\n");
        connection.wait_until_closed();
      },
      Kind::failed, Kind::ambiguous);
  expect_after(
      [](Connection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\n");
        for (int header = 0; header < 100; ++header) connection.write("X-Long: " + std::string(1000, 'x') + "\r\n");
        connection.write("\r\n");
        connection.wait_until_closed();
      },
      Kind::failed, Kind::ambiguous);
  HttpTestServer server(HttpTestServer::always("200 OK", "text/plain", std::string(1000, 'x')));
  HttpCase fits(server, EffectClass::write, post_binding);
  fits.options.response_bytes_max = 1000;
  EXPECT_EQ(fits.call().kind, Kind::done);
}

TEST(HttpDriver, WhatIsNoHttpIsAmbiguousForAWrite) {
  expect_after(
      [](Connection& connection) {
        connection.read_request();
        connection.write("SSH-2.0-OpenSSH_9.2\r\n");
      },
      Kind::failed, Kind::ambiguous);
}

TEST(HttpDriver, ARefusedConnectionHasCertainlySentNothing) {
  std::uint16_t free_port = 0;
  {
    HttpTestServer gone([](Connection&) {});
    free_port = gone.port();
  }
  HttpTestServer server([](Connection&) {});
  HttpCase test(server, EffectClass::write, post_binding);
  const std::string host = "127.0.0.1:" + std::to_string(free_port);
  test.tool.settings = Value::object({{"baseUrl", "http://" + host}});
  test.options.egress_allow = {host};
  const Outcome outcome = test.call();
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_EQ(outcome.error.status, 503);
  // Of an earlier attempt that says nothing.
  EXPECT_EQ(test.call("{}", 2).kind, Kind::ambiguous);
}

TEST(HttpDriver, ATlsFailureHasCertainlySentNothing) {
  HttpTestServer server([](Connection& connection) { connection.write("this is no TLS\r\n"); });
  HttpCase test(server, EffectClass::write, post_binding);
  test.tool.settings = Value::object({{"baseUrl", "https://127.0.0.1:" + std::to_string(server.port())}});
  const Outcome outcome = test.call();
  EXPECT_EQ(outcome.kind, Kind::failed) << outcome.error.detail;
  EXPECT_TRUE(server.requests().empty());
}

TEST(HttpDriver, StopsWhenAsked) {
  std::stop_source stop;
  HttpTestServer server([&](Connection& connection) {
    connection.read_request();
    stop.request_stop();
    connection.wait_until_closed();
  });
  HttpCase test(server, EffectClass::write, post_binding);
  EXPECT_EQ(test.call("{}", 1, stop.get_token()).kind, Kind::ambiguous);
}

TEST(HttpDriver, ReachesOnlyWhatIsAllowed) {
  HttpTestServer server(HttpTestServer::always("200 OK", "application/json", "1"));
  HttpCase test(server, EffectClass::read, get_binding);
  test.options.egress_allow = {"example.org"};
  Outcome outcome = test.call();
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_EQ(definition::error_kind(outcome.error.type), "authorization");
  EXPECT_THAT(outcome.error.detail, HasSubstr("egress.allow"));
  // A name that is allowed but leads to this machine.
  HttpCase any(server, EffectClass::read, get_binding);
  any.options.egress_allow = {};
  any.options.egress_any = true;
  for (const std::string host : {"127.0.0.1", "localhost", "2130706433"}) {
    any.tool.settings = Value::object({{"baseUrl", "http://" + host + ":" + std::to_string(server.port())}});
    outcome = any.call();
    EXPECT_EQ(outcome.kind, Kind::failed) << host;
    EXPECT_THAT(outcome.error.detail, HasSubstr("not a public address")) << host;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpDriver, KeepsConnectionsOnlyWhereRepeatingIsHarmless) {
  HttpTestServer server(HttpTestServer::always("200 OK", "application/json", "1"));
  HttpCase read(server, EffectClass::read, get_binding);
  for (int call = 0; call < 3; ++call) EXPECT_EQ(read.call().kind, Kind::done);
  EXPECT_EQ(server.connections(), 1);
  HttpCase keyed(server, EffectClass::write, post_binding);
  keyed.operation.idempotency = definition::Idempotency::key;
  for (int call = 0; call < 3; ++call) EXPECT_EQ(keyed.call().kind, Kind::done);
  EXPECT_EQ(server.connections(), 4);
  HttpCase plain(server, EffectClass::write, post_binding);
  for (int call = 0; call < 3; ++call) EXPECT_EQ(plain.call().kind, Kind::done);
  EXPECT_EQ(server.connections(), 7);
}

TEST(HttpDriver, NeverSendsAPlainWriteTwice) {
  // The first answer keeps the connection; the next request on it is read and the connection dropped.
  HttpTestServer server([](Connection& connection) {
    connection.read_request();
    connection.answer("200 OK", "application/json", "1");
    connection.read_request();
  });
  HttpCase test(server, EffectClass::write, post_binding);
  EXPECT_EQ(test.call().kind, Kind::done);
  EXPECT_EQ(test.call().kind, Kind::done);
  EXPECT_EQ(server.requests().size(), 2u);
}

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

TEST(HttpDriver, AnswersTheStandardsCallWithRequestAndResponse) {
  HttpTestServer server([](Connection& connection) {
    while (!connection.read_request().empty()) {
      connection.write(
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Two: a\r\nX-Two: b\r\nSet-Cookie: s=1\r\n"
          "Content-Length: 8\r\n\r\n{\"id\":1}");
    }
  });
  HttpOptions options;
  options.host_override = {{"https://petstore.swagger.io", server.origin()}};
  const Outcome outcome =
      standard_call(options, http_json(R"({"method": "get", "endpoint": {"uri": "https://petstore.swagger.io/v2/pet/1",
      "authentication": {"basic": {"username": "ada", "password": "lovelace"}}}, "headers": {"X-A": "b"}, "query": {"q": "ä"}})"));
  ASSERT_EQ(outcome.kind, Kind::done) << outcome.error.detail;
  EXPECT_EQ(outcome.result,
            http_json(R"({"request": {"method": "GET", "uri": "https://petstore.swagger.io/v2/pet/1?q=%C3%A4",
      "headers": {"X-A": "b", "Authorization": "[redacted]"}}, "statusCode": 200,
      "headers": {"content-type": "application/json", "x-two": "a, b", "set-cookie": "[redacted]", "content-length": "8"},
      "content": {"id": 1}})"));
  EXPECT_EQ(outcome.result.label().content().integrity, Integrity::untrusted);
  EXPECT_EQ(outcome.result.label().content().sources,
            (std::vector<std::string>{"http:petstore.swagger.io", "tool:http.request"}));
  EXPECT_EQ(request_line(server), "GET /v2/pet/1?q=%C3%A4 HTTP/1.1");
  EXPECT_THAT(server.requests().back(), HasSubstr("\r\nAuthorization: Basic YWRhOmxvdmVsYWNl\r\n"));

  const Outcome raw = standard_call(
      options, http_json(R"({"method": "GET", "endpoint": "https://petstore.swagger.io/", "output": "raw"})"));
  EXPECT_EQ(raw.result.string_or("raw", ""), "eyJpZCI6MX0=");
  EXPECT_EQ(raw.result.find("content"), nullptr);
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

TEST(HttpDriver, WidensSuccessToRedirectsWhereTheStandardsCallSaysSo) {
  HttpTestServer server(HttpTestServer::always("304 Not Modified", "text/plain", ""));
  HttpOptions options;
  options.egress_allow = {"127.0.0.1"};
  const auto call = [&](bool redirect) {
    return standard_call(options,
                         Value::object({{"method", "get"}, {"endpoint", server.origin()}, {"redirect", redirect}}));
  };
  EXPECT_EQ(call(false).kind, Kind::failed);
  const Outcome outcome = call(true);
  EXPECT_EQ(outcome.kind, Kind::done);
  EXPECT_EQ(outcome.result.integer_or("statusCode", 0), 304);
}

TEST(HttpDriver, RefusesHeadersThatSteerTheConnection) {
  HttpTestServer server(HttpTestServer::always("200 OK", "application/json", "1"));
  HttpOptions options;
  options.egress_allow = {"127.0.0.1"};
  for (const char* header : {"Host", "Content-Length", "Transfer-Encoding", "connection", "X Y", "X:Y", ""}) {
    const Outcome outcome = standard_call(
        options,
        Value::object({{"method", "get"}, {"endpoint", server.origin()}, {"headers", Value::object({{header, "1"}})}}));
    EXPECT_EQ(outcome.kind, Kind::failed) << header;
  }
  EXPECT_TRUE(server.requests().empty());
}

TEST(HttpDriver, NamesTheProblemsOfATool) {
  const auto problems = [](std::string_view settings, std::string_view binding,
                           EffectClass effect_class = EffectClass::write) {
    definition::Tool tool;
    tool.settings = http_json(settings);
    definition::Operation& operation = tool.operations["go"];
    operation.effect_class = effect_class;
    operation.arguments_schema = http_json(R"({"type": "object", "properties": {"id": {"type": "string"}}})");
    operation.binding = http_json(binding);
    const auto all = make_http_driver({})->check(tool);
    return all.empty() ? std::string("fine") : all.front();
  };
  const std::string settings = R"({"baseUrl": "http://tos.port.internal/api"})";
  const std::string binding = R"({"method": "POST", "path": "/a/{id}"})";
  EXPECT_EQ(problems(settings, binding), "fine");
  EXPECT_THAT(problems("{}", binding), HasSubstr("/settings/baseUrl"));
  EXPECT_THAT(problems(R"({"baseUrl": "ftp://x"})", binding), HasSubstr("/settings/baseUrl"));
  EXPECT_THAT(problems(R"({"baseUrl": "http://x", "timeOut": 1})", binding), HasSubstr("/settings/timeOut"));
  EXPECT_THAT(problems(R"({"baseUrl": "http://x", "timeout": "10s"})", binding), HasSubstr("/settings/timeout"));
  EXPECT_THAT(problems(R"({"baseUrl": "http://x", "headers": {"Host": "y"}})", binding),
              HasSubstr("/settings/headers/Host"));
  EXPECT_THAT(problems(R"({"baseUrl": "http://x", "authentication": {"bearer": {"token": "t"}}})", binding),
              HasSubstr("/settings/authentication/bearer/token"));
  EXPECT_THAT(problems(settings, R"({"path": "/a"})"), HasSubstr("/operations/go/binding/method"));
  EXPECT_THAT(problems(settings, R"({"method": "POST", "path": "a"})"), HasSubstr("/operations/go/binding/path"));
  EXPECT_THAT(problems(settings, R"({"method": "POST", "path": "/{a"})"), HasSubstr("placeholders"));
  EXPECT_THAT(problems(settings, R"({"method": "POST", "path": "/{voyage}"})"), HasSubstr("no argument \"voyage\""));
  EXPECT_THAT(problems(settings, R"({"method": "POST", "path": "/", "query": ["x"]})"), HasSubstr("no argument \"x\""));
  EXPECT_THAT(problems(settings, R"({"method": "GET", "path": "/"})"), HasSubstr("does not fit the class"));
  EXPECT_THAT(problems(settings, R"({"method": "DELETE", "path": "/"})", EffectClass::read), HasSubstr("does not fit"));
  EXPECT_EQ(problems(settings, R"({"method": "POST", "path": "/"})", EffectClass::read), "fine");
}

}  // namespace
}  // namespace gantry::tool

// Requests as the binding or the standard's call makes them, and the answers.
#include "tool/http_driver_fixture.h"

namespace gantry::tool {
namespace {

using definition::EffectClass;
using testing::HasSubstr;
using testing::Not;
using Connection = HttpTestServer::Connection;
using Kind = Outcome::Kind;

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
  EXPECT_EQ(outcome.result.label().content().sources, std::vector<std::string>{"http:petstore.swagger.io"});
  EXPECT_EQ(request_line(server), "GET /v2/pet/1?q=%C3%A4 HTTP/1.1");
  EXPECT_THAT(server.requests().back(), HasSubstr("\r\nAuthorization: Basic YWRhOmxvdmVsYWNl\r\n"));

  const Outcome raw = standard_call(
      options, http_json(R"({"method": "GET", "endpoint": "https://petstore.swagger.io/", "output": "raw"})"));
  EXPECT_EQ(raw.result.string_or("raw", ""), "eyJpZCI6MX0=");
  EXPECT_EQ(raw.result.find("content"), nullptr);
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

TEST(HttpDriver, RefusesAHeaderThatNamesAnotherMethodThanTheOneThatWasJudged) {
  HttpTestServer server(HttpTestServer::always("200 OK", "application/json", "1"));
  HttpOptions options;
  options.egress_allow = {"127.0.0.1"};
  const auto call = [&](const char* method, const char* header, const char* meant) {
    return standard_call(options, Value::object({{"method", method}, {"endpoint", server.origin()}, {"headers", Value::object({{header, meant}})}})).kind;
  };
  for (const char* header : {"X-HTTP-Method-Override", "x-http-method", "X-Method-Override"}) {
    EXPECT_EQ(call("get", header, "PUT"), Kind::failed) << header;
    EXPECT_EQ(call("post", header, "delete"), Kind::failed) << header;
  }
  EXPECT_TRUE(server.requests().empty());
  EXPECT_EQ(call("post", "X-HTTP-Method-Override", "PATCH"), Kind::done);
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

// What an answer, or none, means for the effect; and that no write is repeated by itself.
#include "tool/http_driver_fixture.h"

namespace gantry::tool {
namespace {

using definition::EffectClass;
using testing::HasSubstr;
using Connection = HttpTestServer::Connection;
using Kind = Outcome::Kind;

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

TEST(HttpDriver, KeepsConnectionsForReadsAndForWritesWithAKey) {
  HttpTestServer server(HttpTestServer::always("200 OK", "application/json", "1"));
  HttpCase read(server, EffectClass::read, get_binding);
  for (int call = 0; call < 3; ++call) EXPECT_EQ(read.call().kind, Kind::done);
  EXPECT_EQ(server.connections(), 1);
  HttpCase keyed(server, EffectClass::write, post_binding);
  keyed.operation.idempotency = definition::Idempotency::key;
  for (int call = 0; call < 3; ++call) EXPECT_EQ(keyed.call().kind, Kind::done);
  EXPECT_EQ(server.connections(), 2);
  HttpCase plain(server, EffectClass::write, post_binding);
  for (int call = 0; call < 3; ++call) EXPECT_EQ(plain.call().kind, Kind::done);
  EXPECT_EQ(server.connections(), 5);
}

TEST(HttpDriver, LeavesItToTheEngineToSendAWriteWithAKeyAgain) {
  HttpTestServer server([](Connection& connection) {
    connection.read_request();
    connection.answer("200 OK", "application/json", "1");
    connection.read_request();
  });
  HttpCase test(server, EffectClass::write, post_binding);
  test.operation.idempotency = definition::Idempotency::key;
  EXPECT_EQ(test.call(R"({"x": 1})").kind, Kind::done);
  EXPECT_EQ(test.call(R"({"x": 1})").kind, Kind::ambiguous);
  EXPECT_EQ(server.requests().size(), 2u);
  EXPECT_EQ(test.call(R"({"x": 1})").kind, Kind::done);
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

}  // namespace
}  // namespace gantry::tool

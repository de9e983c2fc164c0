// Requests that are meant to reach what they should not, one test for each way. The numbers 20 and 21 are those of the
// table in docs/security.md.
#include "definition/openapi.h"
#include "tool/http_driver_fixture.h"
#include "tool/http_egress.h"

namespace gantry::tool {
namespace {

using definition::EffectClass;
using testing::HasSubstr;
using Connection = HttpTestServer::Connection;
using Kind = Outcome::Kind;

// A server on loopback that nothing is allowed to reach, and a client that may go to any *public* address.
class Ssrf : public testing::Test {
 protected:
  Outcome get(const std::string& endpoint, bool redirect = false) {
    return standard_call(options, Value::object({{"method", "get"}, {"endpoint", endpoint}, {"redirect", redirect}}));
  }
  std::string with_port(std::string_view host) const {
    return "http://" + std::string(host) + ":" + std::to_string(server.port()) + "/";
  }
  void expect_refused(const std::string& endpoint) {
    const Outcome outcome = get(endpoint);
    EXPECT_EQ(outcome.kind, Kind::failed) << endpoint;
    EXPECT_EQ(server.connections(), 0) << endpoint;
  }

  HttpTestServer server{HttpTestServer::always("200 OK", "text/plain", "internal")};
  HttpOptions options = [] {
    HttpOptions any;
    any.egress_any = true;
    any.timeout = std::chrono::seconds(5);
    return any;
  }();
};

bool connects(std::string_view url, std::string_view address) {
  const auto parsed = parse_url(url);
  EXPECT_TRUE(parsed.ok()) << url;
  const Egress egress({}, true, {});
  const auto route = egress.route(*parsed);
  EXPECT_TRUE(route.ok()) << url;
  return egress.may_connect(*route, *parse_address(address));
}

TEST_F(Ssrf, LoopbackIsRefusedInEveryNotation) {
  for (const char* host : {"127.0.0.1",
                           "127.0.0.1.",
                           "127.1",
                           "127.0.1",
                           "2130706433",
                           "0x7f000001",
                           "0x7f.0.0.1",
                           "017700000001",
                           "0177.0.0.1",
                           "127.000.000.001",
                           "0",
                           "0.0.0.0",
                           "localhost",
                           "localhost.",
                           "LOCALHOST",
                           "[::1]",
                           "[::]",
                           "[::ffff:127.0.0.1]",
                           "[::ffff:7f00:1]",
                           "[::127.0.0.1]",
                           "[0:0:0:0:0:0:0:1]",
                           "127.255.255.254"}) {
    expect_refused(with_port(host));
  }
}

TEST_F(Ssrf, ANameThatLeadsToAPrivateAddressIsRefusedHoweverItIsWritten) {
  for (const char* name : {"http://10.0.0.1.nip.io/", "http://127.0.0.1.nip.io/",
                           "http://app.169-254-169-254.sslip.io/", "http://customer.example/"}) {
    for (const char* address : {"127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "::1", "fd00::1"}) {
      EXPECT_FALSE(connects(name, address)) << name << " " << address;
    }
    EXPECT_TRUE(connects(name, "93.184.216.34")) << name;
  }
}

TEST_F(Ssrf, AnAllowedNameDoesNotOpenTheAddressThatItLeadsTo) {
  options.egress_any = false;
  options.egress_allow = {"customer.example", "*.nip.io"};
  const Egress egress(options.egress_allow, false, {});
  for (const char* url : {"http://customer.example/", "http://127.0.0.1.nip.io/"}) {
    const auto route = egress.route(*parse_url(url));
    ASSERT_TRUE(route.ok()) << url;
    EXPECT_FALSE(egress.may_connect(*route, *parse_address("127.0.0.1"))) << url;
    EXPECT_FALSE(egress.may_connect(*route, *parse_address("169.254.169.254"))) << url;
  }
  expect_refused(with_port("localhost"));
}

TEST_F(Ssrf, NoSpecialAddressIsPublic) {
  for (const char* address : {"0.0.0.0",
                              "10.255.0.1",
                              "100.64.0.1",
                              "100.127.255.255",
                              "127.0.0.1",
                              "169.254.169.254",
                              "169.254.170.2",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.0.0.192",
                              "192.0.2.1",
                              "192.168.1.1",
                              "198.18.0.1",
                              "198.51.100.1",
                              "203.0.113.1",
                              "224.0.0.251",
                              "239.255.255.250",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::127.0.0.1",
                              "::ffff:0:127.0.0.1",
                              "::ffff:169.254.169.254",
                              "64:ff9b::10.0.0.1",
                              "64:ff9b:1::10.0.0.1",
                              "2001:0:7f00:1::",
                              "2002:a00:1::",
                              "fc00::1",
                              "fd00:ec2::254",
                              "fe80::1",
                              "fec0::1",
                              "ff02::1",
                              "100::1",
                              "5f00::1",
                              "2001:db8::1",
                              "3fff::1"}) {
    EXPECT_FALSE(is_public(*parse_address(address))) << address;
    EXPECT_FALSE(connects("http://customer.example/", address)) << address;
  }
}

// No hop is followed, so that none can lead anywhere; and the answer that names it is no success by itself.
TEST_F(Ssrf, ARedirectIsNeverFollowedWhereverItLeads) {
  HttpTestServer secret(HttpTestServer::always("200 OK", "text/plain", "internal"));
  for (const std::string& target : {secret.origin() + "/", std::string("http://169.254.169.254/latest/meta-data/"),
                                    std::string("file:///etc/passwd"), std::string("gopher://127.0.0.1:6379/_FLUSHALL"),
                                    std::string("//127.0.0.1/")}) {
    for (const char* status : {"301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"}) {
      HttpTestServer front([&](Connection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 " + std::string(status) + "\r\nLocation: " + target +
                         "\r\nContent-Length: 0\r\n\r\n");
        connection.wait_until_closed();
      });
      options.egress_any = false;
      options.egress_allow = {"127.0.0.1"};  // even where the target could be reached
      EXPECT_EQ(get(front.origin()).kind, Kind::failed) << status << " " << target;
      const Outcome widened = get(front.origin(), true);
      EXPECT_EQ(widened.kind, Kind::done) << status;
      EXPECT_EQ(widened.result.member("headers").string_or("location", ""), target);
      EXPECT_EQ(front.connections(), 2);
    }
  }
  EXPECT_EQ(secret.connections(), 0);
}

TEST_F(Ssrf, OtherSchemesAreRefused) {
  for (const char* endpoint :
       {"file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "dict://127.0.0.1:11211/", "ldap://127.0.0.1/",
        "unix:///var/run/docker.sock", "data:text/plain,x", "javascript:1", "//127.0.0.1/", "scp://127.0.0.1/"}) {
    expect_refused(endpoint);
  }
}

TEST_F(Ssrf, UserInformationIsRefused) {
  options.egress_any = false;
  options.egress_allow = {"allowed.example"};
  const std::string port = std::to_string(server.port());
  for (const std::string& endpoint :
       {"http://allowed.example@127.0.0.1:" + port + "/", "http://allowed.example:80@127.0.0.1:" + port + "/",
        "http://allowed.example%40127.0.0.1:" + port + "/", "http://127.0.0.1:" + port + "\\@allowed.example/",
        "http://allowed.example#@127.0.0.1:" + port + "/", "http://127.0.0.1:" + port + "?@allowed.example/"}) {
    expect_refused(endpoint);
  }
}

TEST_F(Ssrf, PortsOfOtherProtocolsMustBeNamed) {
  const auto allowed = [](std::vector<std::string> entries, std::string_view url, bool any = false) {
    return Egress(entries, any, {}).route(*parse_url(url)).ok();
  };
  for (const char* port : {"22", "25", "110", "2375", "3306", "5432", "6379", "6667", "11211", "27017"}) {
    const std::string url = "http://db.example:" + std::string(port) + "/";
    EXPECT_FALSE(allowed({"db.example"}, url)) << port;
    EXPECT_FALSE(allowed({"*.example"}, url)) << port;
    EXPECT_FALSE(allowed({}, url, true)) << port;
    EXPECT_FALSE(allowed({"10.0.0.0/8"}, "http://10.0.0.1:" + std::string(port) + "/")) << port;
    EXPECT_FALSE(allowed({"localhost"}, "http://localhost:" + std::string(port) + "/")) << port;
    EXPECT_TRUE(allowed({"db.example:" + std::string(port)}, url)) << port;
  }
  for (const char* port : {"80", "443", "3000", "8080", "8443", "9200", "49152"}) {
    EXPECT_TRUE(allowed({"db.example"}, "http://db.example:" + std::string(port) + "/")) << port;
  }
  const auto refused = Egress({"db.example"}, false, {}).route(*parse_url("http://db.example:6379/"));
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("add \"db.example:6379\""));
}

TEST_F(Ssrf, CompressedAnswersAreNotDecompressed) {
  // 64 bytes that an unsuspecting client turns into many more.
  const std::string packed = "\x1f\x8b\x08" + std::string(61, '\0');
  HttpTestServer bomb([&](Connection& connection) {
    connection.read_request();
    connection.write(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 64\r\n\r\n" +
        packed);
    connection.wait_until_closed();
  });
  options.egress_any = false;
  options.egress_allow = {"127.0.0.1"};
  const Outcome outcome = get(bomb.origin());
  ASSERT_EQ(outcome.kind, Kind::done);
  EXPECT_NE(outcome.result.member("content").find("base64"), nullptr);
  EXPECT_EQ(bomb.requests().back().find("Accept-Encoding"), std::string::npos);
}

TEST_F(Ssrf, ATransferEncodingThatWouldDecompressIsRefused) {
  for (const char* encoding : {"gzip", "gzip, chunked", "deflate", "x-gzip", "chunked, gzip", "identity, gzip"}) {
    HttpTestServer bomb([&](Connection& connection) {
      connection.read_request();
      connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: " + std::string(encoding) + "\r\n\r\n");
      connection.write("4\r\n\x1f\x8b\x08\x01\r\n0\r\n\r\n");
      connection.wait_until_closed();
    });
    options.egress_any = false;
    options.egress_allow = {"127.0.0.1"};
    EXPECT_EQ(get(bomb.origin()).kind, Kind::failed) << encoding;
  }
}

TEST_F(Ssrf, AnAnswerThatDripsForEverEndsAtTheTimeout) {
  HttpTestServer slow([&](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    // The size of the socket's buffer would end it, too; the client is gone before.
    for (int chunk = 0; chunk < 100; ++chunk) connection.write("1\r\nx\r\n");
    connection.wait_until_closed();
  });
  options.egress_any = false;
  options.egress_allow = {"127.0.0.1"};
  options.timeout = std::chrono::milliseconds(100);
  const Outcome outcome = get(slow.origin());
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_EQ(outcome.error.status, 504);
}

TEST_F(Ssrf, LineBreaksNeverReachTheWire) {
  options.egress_any = false;
  options.egress_allow = {"127.0.0.1"};
  const std::string origin = server.origin();
  for (const std::string& endpoint : {origin + "/\r\nX-Injected: 1", origin + "/\nX-Injected: 1", origin + "/\r",
                                      origin + "\r\nHost: other/", origin + std::string("/\0x", 3)}) {
    expect_refused(endpoint);
  }
  const auto with_header = [&](std::string_view name, std::string_view value) {
    return standard_call(options,
                         Value::object({{"method", "get"},
                                        {"endpoint", origin},
                                        {"headers", Value::object({{std::string(name), std::string(value)}})}}))
        .kind;
  };
  EXPECT_EQ(with_header("X-A", "a\r\nX-Injected: 1"), Kind::failed);
  EXPECT_EQ(with_header("X-A", "a\nX-Injected: 1"), Kind::failed);
  EXPECT_EQ(with_header("X-A", std::string("a\0b", 3)), Kind::failed);
  EXPECT_EQ(with_header("X-A\r\nX-Injected", "1"), Kind::failed);
  EXPECT_EQ(with_header("X-A: 1\r\nX-B", "1"), Kind::failed);
  EXPECT_EQ(server.connections(), 0);
  // In a query they are data.
  const Outcome query = standard_call(
      options, Value::object(
                   {{"method", "get"}, {"endpoint", origin}, {"query", Value::object({{"q", "a\r\nX-Injected: 1"}})}}));
  EXPECT_EQ(query.kind, Kind::done);
  EXPECT_EQ(request_line(server), "GET /?q=a%0D%0AX-Injected%3A%201 HTTP/1.1");
}

TEST_F(Ssrf, OversizedHeadersAndUrlsAreRefusedBeforeAnythingIsSent) {
  options.egress_any = false;
  options.egress_allow = {"127.0.0.1"};
  expect_refused(server.origin() + "/" + std::string(9000, 'a'));
  const auto with_headers = [&](Value headers) {
    return standard_call(options,
                         Value::object({{"method", "get"}, {"endpoint", server.origin()}, {"headers", headers}}))
        .kind;
  };
  EXPECT_EQ(with_headers(Value::object({{"X-Long", std::string(9000, 'a')}})), Kind::failed);
  std::vector<Member> many;
  for (int at = 0; at < 101; ++at) many.push_back({Text("X-" + std::to_string(at)), "1"});
  EXPECT_EQ(with_headers(Value::object(std::move(many))), Kind::failed);
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(Ssrf, AnOpenApiDocumentIsFetchedAndObeyedUnderTheSameRules) {
  // The fetch is a call: http of its own.
  expect_refused(server.origin() + "/openapi.json");
  // And what a hostile document names as its server is reached no more than any other address.
  const std::string here = "127.0.0.1:" + std::to_string(server.port());
  for (const std::string& document :
       {R"({"openapi":"3.0.0","info":{"title":"t","version":"1"},"servers":[{"url":"http://)" + here +
            R"(/"}],"paths":{"/x":{"get":{"operationId":"read","responses":{}}}}})",
        R"({"swagger":"2.0","info":{"title":"t","version":"1"},"schemes":["http"],"host":")" + here +
            R"(","basePath":"/","paths":{"/x":{"get":{"operationId":"read","responses":{}}}}})"}) {
    const auto request =
        definition::openapi_request(http_json(document), "https://customer.example/openapi.json", "read", Value());
    ASSERT_TRUE(request.ok()) << request.error().message;
    const Outcome outcome = standard_call(options, *request);
    EXPECT_EQ(outcome.kind, Kind::failed);
    EXPECT_EQ(definition::error_kind(outcome.error.type), "authorization");
    EXPECT_EQ(server.connections(), 0);
  }
}

TEST_F(Ssrf, ASecretOfOneHostIsNotSentToTheNextByARedirect) {
  HttpTestServer elsewhere(HttpTestServer::always("200 OK", "text/plain", "thanks"));
  HttpTestServer front([&](Connection& connection) {
    connection.read_request();
    connection.write("HTTP/1.1 307 Temporary\r\nLocation: " + elsewhere.origin() + "/\r\nContent-Length: 0\r\n\r\n");
    connection.wait_until_closed();
  });
  options.egress_any = false;
  options.egress_allow = {"127.0.0.1"};
  options.secrets = {{"token", "a-long-token"}};
  const Value endpoint =
      Value::object({{"uri", front.origin()}, {"authentication", http_json(R"({"bearer": {"use": "token"}})")}});
  for (const bool redirect : {false, true}) {
    (void)standard_call(options, Value::object({{"method", "get"}, {"endpoint", endpoint}, {"redirect", redirect}}));
  }
  EXPECT_EQ(front.connections(), 2);
  EXPECT_EQ(elsewhere.connections(), 0);
}

}  // namespace
}  // namespace gantry::tool

#include "server/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gantry::server {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(ParseRequest, SplitsPathQueryHeadersAndBody) {
  auto request = parse_request("POST /a%20b/c?x=1%2B1&y=a+b&x=2 HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nx-one: 2\r\nContent-Length: 3\r\n\r\nabc");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->method, "POST");
  EXPECT_EQ(request->path, "/a b/c");
  EXPECT_EQ(request->parameter("x"), "1+1");
  EXPECT_EQ(request->parameter("y"), "a b");
  EXPECT_EQ(request->header("x-one"), "1, 2");
  EXPECT_EQ(request->body, "abc");
  EXPECT_EQ(request->header("absent"), "");
}

TEST(ParseRequest, RefusesWhatIsNotWholeOrNotHttp) {
  for (const char* bytes : {"", "GET", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", "\x16\x03\x01 hello", "GET noslash HTTP/1.1\r\n\r\n",
                            "GET /%zz HTTP/1.1\r\n\r\n", "GET /%00 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nBad Header: x\r\n\r\n"})
    EXPECT_FALSE(parse_request(bytes)) << bytes;
}

TEST(ParseRequest, HoldsTheLimits) {
  HttpLimits limits;
  limits.body_bytes_max = 10;
  limits.header_bytes_max = 200;
  EXPECT_FALSE(parse_request("POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n12345678901", limits));
  EXPECT_FALSE(parse_request("GET / HTTP/1.1\r\nX: " + std::string(300, 'x') + "\r\n\r\n", limits));
  EXPECT_FALSE(parse_request("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n", limits));
}

// What is in them becomes data, or stands in an answer.
TEST(ParseRequest, RefusesHeadersPathsAndQueriesThatAreNotUtf8) {
  const auto refusal = [](const std::string& target, const std::string& header) {
    auto request = parse_request("GET " + target + " HTTP/1.1\r\n" + header + "\r\n\r\n");
    return request ? std::string("accepted") : request.error().message;
  };
  EXPECT_EQ(refusal("/", "Idempotency-Key: k\xe9\xff"), "The header idempotency-key is not UTF-8");
  EXPECT_EQ(refusal("/", "Content-Type: text/pl\xe9in"), "The header content-type is not UTF-8");
  EXPECT_EQ(refusal("/", "X-Some: a\xc2\x85z"), "The header x-some holds a control character");
  for (const char* target : {"/%ff", "/a/%c3%28", "/?status=%ff", "/?%ff=1"})
    EXPECT_EQ(refusal(target, "X: y"), "The request target is not UTF-8") << target;
  EXPECT_EQ(refusal("/caf%c3%a9?q=%e2%82%ac", "X: caf\xc3\xa9"), "accepted");
}

// Two parsers that disagree where a request ends can be made to read a second one out of the first.
TEST(ParseRequest, RefusesWhatTwoParsersCouldReadDifferently) {
  for (const char* bytes :
       {"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nContent-Length: 3, 4\r\n\r\nabcd", "POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length : 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
        "GET / HTTP/1.1\nHost: x\n\n", "GET / HTTP/1.1\r\nX: a\rb\r\n\r\n", "GET / HTTP/1.1\r\nX: a\x01\r\n\r\n",
        "GET /\r\nX: y HTTP/1.1\r\n\r\n", "GET / HTTP/1.1 HTTP/1.1\r\n\r\n"})
    EXPECT_FALSE(parse_request(bytes)) << bytes;
}

// One connection to a server under test.
class Connection {
 public:
  explicit Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Connection() { ::close(socket_); }
  void send_bytes_one_by_one(std::string_view bytes) {
    const int on = 1;
    EXPECT_EQ(::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
    for (const char& byte : bytes) send({&byte, 1});
  }
  void send(std::string_view bytes) { EXPECT_GE(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL), 0); }
  // Reads until `end` was seen or the other side closed.
  std::string read_until(std::string_view end) {
    std::string bytes;
    char chunk[4096];
    while (bytes.find(end) == std::string::npos) {
      ssize_t count = ::recv(socket_, chunk, sizeof chunk, 0);
      if (count <= 0) break;
      bytes.append(chunk, static_cast<std::size_t>(count));
    }
    return bytes;
  }

 private:
  int socket_;
};

std::unique_ptr<HttpServer> start(Handler handler, const HttpLimits& limits = {}) {
  auto server = HttpServer::start("127.0.0.1", 0, std::move(handler), limits);
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

Response echo(const Request& request) { return {200, request.method + " " + request.path + " " + request.body, "text/plain", {}}; }

TEST(HttpServer, NamesTheHeaderThatIsNotUtf8InAnAnswerThatIs) {
  auto server = start(echo);
  Connection connection(server->port());
  connection.send("POST /one HTTP/1.1\r\nIdempotency-Key: k\xff\r\nContent-Length: 0\r\n\r\n");
  const std::string answer = connection.read_until("}");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer, HasSubstr(R"("title":"The header idempotency-key is not UTF-8")"));
}

TEST(HttpServer, AnswersSeveralRequestsOnOneConnection) {
  auto server = start(echo);
  Connection connection(server->port());
  connection.send("POST /one HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_THAT(connection.read_until("POST /one hi"), StartsWith("HTTP/1.1 200 OK"));
  connection.send("GET /two HTTP/1.1\r\n\r\n");
  EXPECT_THAT(connection.read_until("GET /two "), HasSubstr("GET /two "));
}

// Whether the server sees the pieces one by one is up to the system; with so many connections some are.
TEST(HttpServer, ALastChunkThatComesInPiecesIsRead) {
  auto server = start(echo);
  for (int turn = 0; turn < 50; ++turn) {
    Connection connection(server->port());
    connection.send("POST /one HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.send_bytes_one_by_one("0\r\n\r\n");
    EXPECT_THAT(connection.read_until("POST /one "), StartsWith("HTTP/1.1 200 OK"));
  }
}

TEST(HttpServer, AHeadRequestGetsTheLengthAndNoBody) {
  auto server = start(echo);
  Connection connection(server->port());
  connection.send("HEAD /x HTTP/1.1\r\nConnection: close\r\n\r\n");
  std::string answer = connection.read_until("never");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 8"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST(HttpServer, RefusesBodiesAndHeadersBeyondTheLimits) {
  HttpLimits limits;
  limits.body_bytes_max = 1000;
  auto server = start(echo, limits);
  Connection declared(server->port());
  declared.send("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_THAT(declared.read_until("}"), StartsWith("HTTP/1.1 413"));
  Connection chunked(server->port());
  chunked.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n" + std::string(2048, 'x') + "\r\n");
  EXPECT_THAT(chunked.read_until("}"), StartsWith("HTTP/1.1 413"));
  Connection headers(server->port());
  headers.send("GET / HTTP/1.1\r\nX: " + std::string(20000, 'x') + "\r\n\r\n");
  EXPECT_THAT(headers.read_until("}"), StartsWith("HTTP/1.1 431"));
}

TEST(HttpServer, GarbageIsABadRequest) {
  auto server = start(echo);
  Connection connection(server->port());
  connection.send("\x01\x02\x03 garbage\r\n\r\n");
  EXPECT_THAT(connection.read_until("}"), StartsWith("HTTP/1.1 400"));
}

TEST(HttpServer, AClientThatSendsItsHeadersTooSlowlyIsCutOff) {
  HttpLimits limits;
  limits.header_timeout = std::chrono::milliseconds(50);
  limits.connections_max = 1;
  auto server = start(echo, limits);
  Connection slow(server->port());
  slow.send("POST /x HTTP/1.1\r\nX: ");
  EXPECT_THAT(slow.read_until("never"), Not(HasSubstr("200 OK")));  // the server closes, or this does not end
  Connection body(server->port());
  body.send("POST /x HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf");
  EXPECT_THAT(body.read_until("never"), Not(HasSubstr("200 OK")));
}

TEST(HttpServer, AnAddressInUseIsAnErrorThatSaysSo) {
  auto server = start(echo);
  auto second = HttpServer::start("127.0.0.1", server->port(), echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::unavailable);
  EXPECT_THAT(second.error().message, HasSubstr("another server"));
  auto name = HttpServer::start("localhost", 0, echo);
  ASSERT_FALSE(name);
  EXPECT_EQ(name.error().code, Code::invalid_argument);
}

TEST(HttpServer, StopsWithIdleConnectionsOpen) {
  auto server = start(echo);
  Connection idle(server->port());
  Connection used(server->port());
  used.send("GET /x HTTP/1.1\r\n\r\n");
  used.read_until("GET /x ");
  server.reset();
  EXPECT_EQ(idle.read_until("x"), "");
}

}  // namespace
}  // namespace gantry::server

// The text of requests, and answers in every size of piece.
#include "tool/plain_http_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gantry::tool {
namespace {

using Progress = PlainHttpAnswer::Progress;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

struct Read {
  Progress progress = Progress::more;
  bool keeps_connection = false;
  HttpExchangeResult result;
};

// `piece` bytes at a time; then, where nothing is decided, the end of the connection.
Read read_answer(std::string_view text, std::size_t piece, std::size_t body_bytes_max = 1'000, bool to_head = false) {
  PlainHttpAnswer answer(to_head, body_bytes_max);
  Read read;
  while (!text.empty() && read.progress == Progress::more) {
    const std::size_t count = text.size() - piece < text.size() ? piece : text.size();
    read.progress = answer.take(text.substr(0, count));
    text.remove_prefix(count);
  }
  if (read.progress == Progress::more) read.progress = answer.take_end();
  read.keeps_connection = answer.keeps_connection();
  answer.move_into(read.result);
  return read;
}

Read read_whole(std::string_view text) {
  return read_answer(text, text.size());
}

HttpExchangeRequest request_of(const char* method) {
  HttpExchangeRequest request;
  request.method = method;
  return request;
}

TEST(PlainHttpMessage, ARequestHasItsTargetHostAndLength) {
  HttpExchangeRequest request = request_of("POST");
  request.headers = {{"Accept", "application/json"}, {"X-Empty", ""}};
  request.body = "{}";
  EXPECT_EQ(plain_http_text(request, *parse_url("http://tos.example:8080/a%20b?q=1")),
            "POST /a%20b?q=1 HTTP/1.1\r\nHost: tos.example:8080\r\nAccept: application/json\r\nX-Empty:\r\n"
            "Content-Length: 2\r\n\r\n{}");
  EXPECT_EQ(plain_http_text(request_of("GET"), *parse_url("http://tos.example")),
            "GET / HTTP/1.1\r\nHost: tos.example\r\nAccept: */*\r\n\r\n");
  EXPECT_EQ(plain_http_text(request_of("PUT"), *parse_url("http://[::1]:81/")),
            "PUT / HTTP/1.1\r\nHost: [::1]:81\r\nAccept: */*\r\nContent-Length: 0\r\n\r\n");
}

TEST(PlainHttpMessage, AnAnswerIsTheSameHoweverItIsCutIntoPieces) {
  const std::string_view text =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nX-Two:  a \r\n"
      "Transfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n3;x=y\r\n:1}\r\n0\r\n\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const Read read = read_answer(text, piece);
    EXPECT_EQ(read.progress, Progress::complete) << piece << read.result.what;
    EXPECT_EQ(read.result.status, 200) << piece;
    EXPECT_EQ(read.result.body, "{\"a\":1}") << piece;
    EXPECT_THAT(read.result.headers, ElementsAre(Pair("x-two", "a"), Pair("transfer-encoding", "chunked"))) << piece;
    EXPECT_TRUE(read.keeps_connection) << piece;
  }
}

TEST(PlainHttpMessage, ALastChunkThatComesByteByByteIsRead) {
  const std::string_view text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const Read read = read_answer(text, piece);
    EXPECT_EQ(read.progress, Progress::complete) << piece;
    EXPECT_TRUE(read.keeps_connection) << piece;
  }
}

TEST(PlainHttpMessage, AnAnswerWithoutALengthEndsWithTheConnection) {
  const Read read = read_answer("HTTP/1.0 200 OK\r\n\r\nall of it", 5);
  EXPECT_EQ(read.progress, Progress::complete);
  EXPECT_EQ(read.result.body, "all of it");
  EXPECT_FALSE(read.keeps_connection);
}

TEST(PlainHttpMessage, AConnectionIsKeptOnlyWhereNothingIsLeftOnIt) {
  EXPECT_TRUE(read_whole("HTTP/1.1 204 No Content\r\n\r\n").keeps_connection);
  EXPECT_TRUE(read_whole("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").keeps_connection);
  EXPECT_FALSE(read_whole("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n").keeps_connection);
  EXPECT_FALSE(read_whole("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok").keeps_connection);
  EXPECT_FALSE(read_whole("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok").keeps_connection);
}

TEST(PlainHttpMessage, ToHeadNoBodyIsWaitedFor) {
  const std::string_view text = "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n";
  EXPECT_EQ(read_answer(text, text.size(), 1'000, true).progress, Progress::complete);
}

TEST(PlainHttpMessage, WhatIsTooLargeSaysSoAndKeepsItsStatus) {
  const Read announced = read_whole("HTTP/1.1 422 No\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(announced.progress, Progress::too_large);
  EXPECT_EQ(announced.result.status, 422);
  const Read chunked =
      read_whole("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1'001, 'x') + "\r\n");
  EXPECT_EQ(chunked.progress, Progress::too_large);
  const Read endless = read_whole("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x'));
  EXPECT_EQ(endless.progress, Progress::too_large);
  EXPECT_EQ(endless.result.status, 0);
}

TEST(PlainHttpMessage, WhatNobodyAskedForIsBroken) {
  for (const char* text :
       {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 2 OK\r\n\r\n"})
    EXPECT_EQ(read_whole(text).progress, Progress::broken) << text;
  EXPECT_THAT(read_whole("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx").result.what,
              HasSubstr("transfer encoding"));
}

TEST(PlainHttpMessage, AnAnswerThatIsCutOffIsBrokenAndKeepsItsStatus) {
  const Read read = read_whole("HTTP/1.1 422 No\r\nContent-Length: 100\r\n\r\nbecau");
  EXPECT_EQ(read.progress, Progress::broken);
  EXPECT_EQ(read.result.status, 422);
  EXPECT_EQ(read.result.body, "becau");
  EXPECT_EQ(read_whole("HTTP/1.1 20").progress, Progress::broken);
  EXPECT_EQ(read_whole("").progress, Progress::broken);
}

}  // namespace
}  // namespace gantry::tool

#include "tool/plain_http.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace gantry::tool {
namespace {

// Whatever is thrown on the client's thread, who waits for the exchange is not left waiting.
TEST(PlainHttp, AnExchangeThatCanNotBeginEnds) {
  PlainHttp client;
  const auto url = parse_url("http://127.0.0.1:9/");
  ASSERT_TRUE(url.ok());
  HttpExchangeRequest request;
  request.method = "GET";
  request.url = url->text;
  request.timeout = request.connect_timeout = std::chrono::milliseconds(200);
  request.may_connect = [](const NetworkAddress&) -> bool { throw std::runtime_error("out of order"); };
  const HttpExchangeResult result = client.exchange(std::move(request), *url, 0, {});
  EXPECT_EQ(result.ending, HttpExchangeResult::Ending::broken);
  EXPECT_FALSE(result.sent);
  EXPECT_EQ(result.what, "out of order");
}

}  // namespace
}  // namespace gantry::tool

// One HTTP request and what came of it, over libcurl. Knows nothing of effects.
//
// No redirect is followed, no proxy and no cookie is used, nothing is decompressed, TLS certificates are verified.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "tool/http_address.h"

namespace gantry::tool {

struct HttpExchangeResult;

struct HttpExchangeRequest {
  std::string method, url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<std::string> body;
  Duration timeout{};  // over all
  Duration connect_timeout{};
  std::size_t response_bytes_max = 0;
  // A connection that has been idle may turn out dead only after the request was written to it, and then libcurl sends
  // again by itself. Where that would not be harmless, a new connection is made.
  bool harmless_to_repeat = false;
  // A connection that has been idle may be used although it is not: then libcurl is kept from sending again, and a
  // connection that turns out dead ends the exchange as `broken`. Only for requests with a body.
  bool may_find_broken = false;
  // Asked about the very address that is then connected to.
  std::function<bool(const NetworkAddress&)> may_connect;
  // Where there is one, it gets the body piece by piece (the head of the answer is in the result by then) and nothing
  // of it is kept. False: enough has come; the rest is not waited for, and the exchange counts as complete. It runs on
  // the thread that called, and may use the client for other exchanges.
  std::function<bool(const HttpExchangeResult& head, std::string_view bytes)> take_body;
};

struct HttpExchangeResult {
  enum class Ending {
    complete,         // the whole answer is here
    refused_address,  // `may_connect` said no; nothing was sent
    not_connected,    // no name, no route, refused, no TLS; nothing was sent
    timed_out,
    too_large,  // the answer went over the limit and was cut off
    stopped,    // the stop token
    broken,     // the connection was lost, or what came was no HTTP
  } ending = Ending::broken;
  std::string what;                                          // libcurl's words, for people
  bool sent = true;                                          // false: certainly not a byte of the request left
  int status = 0;                                            // 0: no complete head of an answer came
  std::vector<std::pair<std::string, std::string>> headers;  // of the last answer, names in lower case
  std::string body;                                          // as far as it came
};

// Any thread, many at once; keeps idle connections.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  // `pool` separates connections that were made under different rules for addresses.
  HttpExchangeResult exchange(const HttpExchangeRequest& request, int pool, std::stop_token stop);

 private:
  struct Handles;
  std::unique_ptr<Handles> handles_;
};

}  // namespace gantry::tool

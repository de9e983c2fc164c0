// The HTTP/1.1 edge. Boost.Beast behind one small header: one I/O thread, callbacks, handlers on a small pool of worker
// threads, so a handler may block. No Boost type crosses this line.
//
// Every limit is explicit: a request beyond one is answered 408, 413, 414, 431 or 503 and the connection is closed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace gantry::server {

struct Request {
  std::string method;  // upper case
  std::string path;    // percent-decoded, always starts with '/'; no query
  std::map<std::string, std::string, std::less<>> query;    // percent-decoded; the first of a repeated name wins
  std::map<std::string, std::string, std::less<>> headers;  // names in lower case; repeated ones joined by ", "
  std::string body;
  std::string_view header(std::string_view lower_case_name) const;
  std::string_view parameter(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
};

using Handler = std::function<Response(const Request&)>;  // any worker thread

struct HttpLimits {
  std::size_t header_bytes_max = 16u << 10;
  std::size_t body_bytes_max = 64u << 20;
  std::size_t connections_max = 1024;
  std::size_t queued_requests_max = 256;  // waiting for a worker; more are answered 503
  std::size_t workers = 8;
  Duration header_timeout = std::chrono::seconds(15);  // also for the body, and how long an idle connection is kept
  Duration drain_timeout = std::chrono::seconds(5);    // at stop
};

class HttpServer {
 public:
  // Binds and listens at once, so that port() is known; port 0 picks a free one. Errors: unavailable (address in use),
  // invalid_argument (not an IP address).
  static Result<std::unique_ptr<HttpServer>> start(const std::string& address, std::uint16_t port, Handler handler,
                                                   const HttpLimits& limits = {});
  ~HttpServer();  // stops accepting, finishes running handlers within drain_timeout
  std::uint16_t port() const;

 private:
  HttpServer();
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

// Parses one whole request from memory with the same parser, limits and checks as the server; for tests and fuzzing.
Result<Request> parse_request(std::string_view bytes, const HttpLimits& limits = {});

// Percent-decoding of a path segment or query part; refuses bad escapes and NUL.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space);

}  // namespace gantry::server

// HTTP without TLS for many requests at a time: one thread, which waits for all of them at once, and connections that
// stay open. What http_exchange.h says of an exchange holds here, too; https is libcurl's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "tool/http_exchange.h"
#include "tool/http_url.h"

namespace gantry::tool {

class PlainHttp {
 public:
  PlainHttp();
  // Drops what is under way. On the client's own thread it does not wait for that thread's end.
  ~PlainHttp();
  PlainHttp(const PlainHttp&) = delete;
  PlainHttp& operator=(const PlainHttp&) = delete;

  // Any thread: `work` is done on the client's thread, in the order of posting. It must not throw.
  void post(std::function<void()> work);

  // --- On the client's thread only.
  // `url` is that of the request, taken apart, with the scheme http; `request.take_body` is not looked at. `done` is
  // called exactly once, perhaps before this returns.
  void begin(HttpExchangeRequest request, const HttpUrl& url, int pool, std::stop_token stop,
             std::function<void(HttpExchangeResult)> done);
  // Done once, before the thread waits again: when all that is at hand has been dealt with.
  void before_waiting(std::function<void()> work);
  // Done once, this much later.
  void later(std::chrono::microseconds time, std::function<void()> work);

  // --- On any other thread: begins it and waits.
  HttpExchangeResult exchange(HttpExchangeRequest request, const HttpUrl& url, int pool, std::stop_token stop);

 private:
  class Thread;
  Thread& started();

  std::once_flag once_;  // for the two below
  std::shared_ptr<Thread> thread_;
  std::thread runner_;
};

}  // namespace gantry::tool

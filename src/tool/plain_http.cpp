#include "tool/plain_http.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "tool/plain_http_exchange.h"

namespace gantry::tool {
namespace {

// How late an exchange may end after its time is over or it is to stop, and how long a closed host's connections stay.
constexpr std::chrono::steady_clock::duration check_interval = std::chrono::milliseconds(50);
constexpr std::chrono::steady_clock::duration idle_check_interval = std::chrono::seconds(10);

}  // namespace

class PlainHttp::Thread {
 public:
  Thread() : context_(1), work_(context_.get_executor()), timer_(context_), connections_(context_) {}

  void run() {
    while (!context_.stopped()) {
      guarded([this] {
        context_.run_one();
        context_.poll();
      });
      for (const auto& work : std::exchange(before_waiting_, {})) guarded(work);
    }
  }

  void post(std::function<void()> work) {
    bool was_empty = false;
    {
      std::lock_guard lock(mutex_);
      was_empty = posted_.empty();
      posted_.push_back(std::move(work));
    }
    if (was_empty) boost::asio::post(context_, [this] { take_posted(); });
  }

  void begin(HttpExchangeRequest request, const HttpUrl& url, int pool, std::stop_token stop,
             PlainExchange::Done done) {
    auto exchange =
        std::make_shared<PlainExchange>(connections_, std::move(request), url, pool, std::move(stop), std::move(done));
    under_way_.push_back(exchange);
    try {
      exchange->start();
    } catch (const std::exception& exception) {
      exchange->give_up(exception.what());
    }
    check_later();
  }

  void before_waiting(std::function<void()> work) { before_waiting_.push_back(std::move(work)); }
  void stop() { context_.stop(); }

  void later(std::chrono::microseconds time, std::function<void()> work) {
    auto timer = std::make_unique<boost::asio::steady_timer>(context_, time);
    auto& armed = *timer;
    armed.async_wait([timer = std::move(timer), work = std::move(work)](const boost::system::error_code&) { work(); });
  }

 private:
  void take_posted() {
    std::vector<std::function<void()>> posted;
    {
      std::lock_guard lock(mutex_);
      posted.swap(posted_);
    }
    for (const auto& work : posted) guarded(work);
  }

  // An exchange that is left behind by what was thrown ends when its time is over.
  template <class Work>
  static void guarded(const Work& work) {
    try {
      work();
    } catch (const std::exception& exception) {
      log(LogLevel::error, "http: unexpected: " + std::string(exception.what()));
    }
  }

  // One timer for all: a deadline of each would be set and taken away again with every exchange.
  void check_later() {
    if (under_way_.empty() && connections_.is_empty()) return;
    const bool is_urgent = !under_way_.empty();
    if (is_checking_ && (checks_soon_ || !is_urgent)) return;
    is_checking_ = true;
    checks_soon_ = is_urgent;
    timer_.expires_after(is_urgent ? check_interval : idle_check_interval);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) check();
    });
  }

  void check() {
    is_checking_ = false;
    const auto now = PlainExchange::Clock::now();
    // A copy: what ends may begin another.
    for (const auto& exchange : std::vector(under_way_))
      if (!exchange->is_over()) exchange->check(now);
    std::erase_if(under_way_, [](const auto& exchange) { return exchange->is_over(); });
    connections_.drop_old(now);
    check_later();
  }

  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer timer_;
  PlainConnections connections_;
  std::vector<std::shared_ptr<PlainExchange>> under_way_;
  std::vector<std::function<void()>> before_waiting_;
  bool is_checking_ = false, checks_soon_ = false;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // protected by mutex_
};

PlainHttp::PlainHttp() = default;

// A program that only checks definitions has no use for the thread.
PlainHttp::Thread& PlainHttp::started() {
  std::call_once(once_, [this] {
    thread_ = std::make_shared<Thread>();
    runner_ = std::thread([thread = thread_] { thread->run(); });
  });
  return *thread_;
}

PlainHttp::~PlainHttp() {
  if (thread_ == nullptr) return;
  thread_->stop();
  if (runner_.get_id() == std::this_thread::get_id())
    runner_.detach();
  else
    runner_.join();
}

void PlainHttp::post(std::function<void()> work) {
  started().post(std::move(work));
}

void PlainHttp::begin(HttpExchangeRequest request, const HttpUrl& url, int pool, std::stop_token stop,
                      std::function<void(HttpExchangeResult)> done) {
  thread_->begin(std::move(request), url, pool, std::move(stop), std::move(done));
}

void PlainHttp::before_waiting(std::function<void()> work) {
  thread_->before_waiting(std::move(work));
}

void PlainHttp::later(std::chrono::microseconds time, std::function<void()> work) {
  thread_->later(time, std::move(work));
}

HttpExchangeResult PlainHttp::exchange(HttpExchangeRequest request, const HttpUrl& url, int pool,
                                       std::stop_token stop) {
  auto promise = std::make_shared<std::promise<HttpExchangeResult>>();
  std::future<HttpExchangeResult> result = promise->get_future();
  // Nobody else keeps the promise, so it is broken when what was thrown over there ends the exchange.
  post([&, promise = std::move(promise)] {
    begin(std::move(request), url, pool, std::move(stop),
          [promise](HttpExchangeResult answer) { promise->set_value(std::move(answer)); });
  });
  try {
    return result.get();
  } catch (const std::future_error&) {
    HttpExchangeResult lost;
    lost.what = "the exchange could not be carried out";
    return lost;
  }
}

}  // namespace gantry::tool

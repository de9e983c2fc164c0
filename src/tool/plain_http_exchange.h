// One exchange of plain_http.h, and the connections that it may use. All of it on the client's thread. Private to the
// client.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "tool/http_exchange.h"
#include "tool/http_url.h"
#include "tool/name_lookup.h"
#include "tool/plain_http_message.h"

namespace gantry::tool {

class PlainExchange;

// A connection always waits for something to read: what comes while no exchange uses it, even its end, makes it
// useless.
struct PlainConnection {
  using Key = std::tuple<int, std::string, std::uint16_t>;  // pool, host, port
  PlainConnection(boost::asio::io_context& context, Key made_for) : stream(context), key(std::move(made_for)) {}

  boost::asio::ip::tcp::socket stream;
  Key key;
  std::weak_ptr<PlainExchange> user;
  std::chrono::steady_clock::time_point idle_since{};
  bool waits_for_bytes = false;
};

// What the exchanges of one client share.
class PlainConnections {
 public:
  explicit PlainConnections(boost::asio::io_context& context) : context(context), names(context) {}

  // Null: there is none that is idle and whole.
  std::shared_ptr<PlainConnection> take(const PlainConnection::Key& key);
  void keep(std::shared_ptr<PlainConnection> connection);
  void drop_old(std::chrono::steady_clock::time_point now);
  bool is_empty() const { return idle_.empty(); }
  void wait_for_bytes(const std::shared_ptr<PlainConnection>& connection);

  boost::asio::io_context& context;
  NameLookup names;
  std::vector<char> received = std::vector<char>(64u << 10);  // for one read at a time

 private:
  void remove(const PlainConnection& connection);
  std::map<PlainConnection::Key, std::vector<std::shared_ptr<PlainConnection>>> idle_;
};

class PlainExchange : public std::enable_shared_from_this<PlainExchange> {
 public:
  using Clock = std::chrono::steady_clock;
  using Done = std::function<void(HttpExchangeResult)>;

  PlainExchange(PlainConnections& connections, HttpExchangeRequest request, const HttpUrl& url, int pool,
                std::stop_token stop, Done done);

  void start();
  // Ends it when it must not go on: the time is over, or it is to stop.
  void check(Clock::time_point now);
  void give_up(std::string why) {
    if (!is_over()) finish(Ending::broken, std::move(why));
  }
  bool is_over() const { return done_ == nullptr; }

 private:
  friend class PlainConnections;
  using Ending = HttpExchangeResult::Ending;

  void look_up();
  void connect_next();
  void connected();
  void send();
  void send_rest();
  void readable();  // bytes, or the connection's end
  void lost(const boost::system::error_code& error);
  void finish(Ending ending, std::string what);

  PlainConnections& connections_;
  HttpExchangeRequest request_;
  PlainConnection::Key key_;
  std::stop_token stop_;
  Done done_;  // null: it is over
  std::string text_;
  std::size_t sent_ = 0;
  Clock::time_point deadline_, connect_deadline_, attempt_deadline_{};
  std::shared_ptr<PlainConnection> connection_;
  bool is_reused_ = false, is_connected_ = false;
  NameLookup::Endpoints endpoints_;
  std::size_t next_endpoint_ = 0;
  std::string refused_, trouble_;
  PlainHttpAnswer answer_;
};

}  // namespace gantry::tool

// Names to addresses without waiting for them. A look-up has a thread of its own while it lasts, because the C
// library's can neither be stopped nor be told how long it may take; answers are kept for a minute.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace gantry::tool {

// All on the thread that runs the context, which outlives this.
class NameLookup {
 public:
  using Endpoints = std::vector<boost::asio::ip::tcp::endpoint>;
  // Empty: there are none, and `error` says why.
  using Found = std::function<void(const Endpoints& endpoints, const std::string& error)>;

  explicit NameLookup(boost::asio::io_context& context);
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  // `host`: a name or an address, IPv6 without brackets. Calls `found` now, or when the answer is there, in the order
  // of asking. An answer that never comes is never told.
  void find(const std::string& host, std::uint16_t port, Found found);

 private:
  using Clock = std::chrono::steady_clock;
  struct Known {
    std::vector<boost::asio::ip::address> addresses;
    Clock::time_point until;
  };
  struct Waiting {
    std::uint16_t port;
    Found found;
  };
  struct Answer {
    std::vector<boost::asio::ip::address> addresses;
    std::string error;
  };
  struct Door {
    std::mutex mutex;
    NameLookup* owner = nullptr;  // protected by mutex; null: nobody waits any more
  };
  static Answer ask(const std::string& host);
  static Endpoints endpoints_of(const std::vector<boost::asio::ip::address>& addresses, std::uint16_t port);
  void start(const std::string& host);
  void answered(const std::string& host, const Answer& answer);

  boost::asio::io_context& context_;
  std::map<std::string, Known> known_;
  std::map<std::string, std::vector<Waiting>> waiting_;  // by name; being asked or queued
  std::deque<std::string> queued_;                       // names for which there was no thread
  std::size_t asking_ = 0;
  std::shared_ptr<Door> door_;
};

}  // namespace gantry::tool

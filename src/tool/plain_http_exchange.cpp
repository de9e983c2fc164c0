#include "tool/plain_http_exchange.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>

namespace gantry::tool {
namespace {

namespace plain_asio = boost::asio;
using PlainTcp = plain_asio::ip::tcp;

constexpr std::size_t idle_connections_max = 64;  // to one host, as many as libcurl's handles are
constexpr auto idle_time_max = std::chrono::seconds(60);

bool keeps_from_reuse(const HttpExchangeRequest& request) {
  return !request.harmless_to_repeat && !(request.may_find_broken && request.body && !request.body->empty());
}

}  // namespace

// --- Connections

std::shared_ptr<PlainConnection> PlainConnections::take(const PlainConnection::Key& key) {
  const auto found = idle_.find(key);
  if (found == idle_.end()) return nullptr;
  auto connection = std::move(found->second.back());  // the one that was used last
  found->second.pop_back();
  if (found->second.empty()) idle_.erase(found);
  return connection;
}

void PlainConnections::keep(std::shared_ptr<PlainConnection> connection) {
  auto& idle = idle_[connection->key];
  if (idle.size() >= idle_connections_max) return;
  connection->idle_since = std::chrono::steady_clock::now();
  idle.push_back(std::move(connection));
}

void PlainConnections::drop_old(std::chrono::steady_clock::time_point now) {
  for (auto entry = idle_.begin(); entry != idle_.end();) {
    std::erase_if(entry->second, [&](const auto& connection) { return now - connection->idle_since > idle_time_max; });
    entry = entry->second.empty() ? idle_.erase(entry) : std::next(entry);
  }
}

void PlainConnections::remove(const PlainConnection& connection) {
  const auto found = idle_.find(connection.key);
  if (found == idle_.end()) return;
  std::erase_if(found->second, [&](const auto& one) { return one.get() == &connection; });
  if (found->second.empty()) idle_.erase(found);
}

void PlainConnections::wait_for_bytes(const std::shared_ptr<PlainConnection>& connection) {
  if (connection->waits_for_bytes) return;
  connection->waits_for_bytes = true;
  connection->stream.async_wait(PlainTcp::socket::wait_read, [this, weak = std::weak_ptr<PlainConnection>(connection)](
                                                                 const boost::system::error_code& error) {
    const auto here = weak.lock();
    if (here == nullptr) return;
    here->waits_for_bytes = false;
    if (error == plain_asio::error::operation_aborted) return;
    if (const auto user = here->user.lock())
      user->readable();
    else
      remove(*here);
  });
}

// --- An exchange

PlainExchange::PlainExchange(PlainConnections& connections, HttpExchangeRequest request, const HttpUrl& url, int pool,
                             std::stop_token stop, Done done)
    : connections_(connections),
      request_(std::move(request)),
      key_(pool, url.host, url.port),
      stop_(std::move(stop)),
      done_(std::move(done)),
      text_(plain_http_text(request_, url)),
      deadline_(Clock::now() + request_.timeout),
      connect_deadline_(Clock::now() + std::min(request_.timeout, request_.connect_timeout)),
      answer_(request_.method == "HEAD", request_.response_bytes_max) {}

void PlainExchange::start() {
  if (!keeps_from_reuse(request_)) connection_ = connections_.take(key_);
  if (connection_ == nullptr) return look_up();
  is_reused_ = is_connected_ = true;
  connection_->user = weak_from_this();
  send();
}

void PlainExchange::look_up() {
  connections_.names.find(
      std::get<1>(key_), std::get<2>(key_),
      [self = shared_from_this()](const NameLookup::Endpoints& endpoints, const std::string& error) {
        if (self->is_over()) return;
        if (endpoints.empty()) return self->finish(Ending::not_connected, error);
        self->endpoints_ = endpoints;
        self->connect_next();
      });
}

// The address that is asked about is the one that is connected to. An address that does not answer may take half of the
// time that is left, so that the next one has a chance.
void PlainExchange::connect_next() {
  while (next_endpoint_ < endpoints_.size()) {
    const PlainTcp::endpoint endpoint = endpoints_[next_endpoint_++];
    const auto address = address_of(*endpoint.data());
    if (!address || !request_.may_connect(*address)) {
      refused_ = address ? format_address(*address) : "an address of an unknown family";
      continue;
    }
    const Clock::time_point now = Clock::now();
    attempt_deadline_ = next_endpoint_ == endpoints_.size() ? connect_deadline_ : now + (connect_deadline_ - now) / 2;
    connection_ = std::make_shared<PlainConnection>(connections_.context, key_);
    connection_->user = weak_from_this();
    connection_->stream.async_connect(
        endpoint, [self = shared_from_this(), connection = connection_](const boost::system::error_code& error) {
          if (self->is_over() || self->connection_ != connection) return;
          if (!error) return self->connected();
          self->trouble_ = error.message();
          self->connect_next();
        });
    return;
  }
  if (!refused_.empty()) return finish(Ending::refused_address, refused_);
  finish(Ending::not_connected, trouble_);
}

void PlainExchange::connected() {
  is_connected_ = true;
  boost::system::error_code ignored;
  connection_->stream.set_option(PlainTcp::no_delay(true), ignored);
  connection_->stream.non_blocking(true, ignored);
  send();
}

void PlainExchange::send() {
  boost::system::error_code error;
  sent_ = connection_->stream.write_some(plain_asio::buffer(text_), error);
  if (error && error != plain_asio::error::would_block) return lost(error);
  connections_.wait_for_bytes(connection_);  // an answer may come before all is sent
  if (sent_ < text_.size()) send_rest();
}

void PlainExchange::send_rest() {
  connection_->stream.async_wait(PlainTcp::socket::wait_write, [self = shared_from_this(), connection = connection_](
                                                                   const boost::system::error_code& failure) {
    if (self->is_over() || self->connection_ != connection || failure) return;
    boost::system::error_code error;
    self->sent_ += connection->stream.write_some(
        plain_asio::buffer(self->text_.data() + self->sent_, self->text_.size() - self->sent_), error);
    if (error && error != plain_asio::error::would_block) return self->lost(error);
    if (self->sent_ < self->text_.size()) self->send_rest();
  });
}

void PlainExchange::readable() {
  const auto self = shared_from_this();
  boost::system::error_code error;
  const std::size_t count = connection_->stream.read_some(plain_asio::buffer(connections_.received), error);
  if (error == plain_asio::error::would_block) return connections_.wait_for_bytes(connection_);
  if (error && error != plain_asio::error::eof) return lost(error);
  const auto progress = error ? answer_.take_end() : answer_.take({connections_.received.data(), count});
  switch (progress) {
    case PlainHttpAnswer::Progress::more:
      return connections_.wait_for_bytes(connection_);
    case PlainHttpAnswer::Progress::complete:
      return finish(Ending::complete, "");
    case PlainHttpAnswer::Progress::too_large:
      return finish(Ending::too_large, "");
    case PlainHttpAnswer::Progress::broken:
      return lost(error);
  }
}

// A connection that was idle may have ended before the request came. Where nothing of it has left, or where it may be
// sent twice and nothing has come back, it goes over a new one.
void PlainExchange::lost(const boost::system::error_code& error) {
  if (is_reused_ && !answer_.has_begun() && (sent_ == 0 || request_.harmless_to_repeat)) {
    is_reused_ = is_connected_ = false;
    connection_ = nullptr;
    sent_ = 0;
    return look_up();
  }
  finish(Ending::broken, error ? error.message() : "");
}

void PlainExchange::check(Clock::time_point now) {
  if (stop_.stop_requested()) return finish(Ending::stopped, "");
  if (now >= deadline_) return finish(Ending::timed_out, "the time for the call is over");
  if (is_connected_) return;
  if (now >= connect_deadline_) return finish(Ending::timed_out, "the time for connecting is over");
  if (connection_ != nullptr && now >= attempt_deadline_) {
    trouble_ = "no answer from an address in time";
    connect_next();
  }
}

void PlainExchange::finish(Ending ending, std::string what) {
  HttpExchangeResult result;
  answer_.move_into(result);
  result.ending = ending;
  result.sent = sent_ > 0;
  if (!what.empty()) result.what = std::move(what);
  const bool is_all_sent = sent_ == text_.size();
  text_.clear();
  request_.body.reset();
  const auto connection = std::move(connection_);
  if (connection != nullptr) {
    connection->user.reset();
    // Otherwise it is closed, now that nothing holds it.
    const bool is_whole = ending == Ending::complete && is_all_sent && answer_.keeps_connection();
    if (is_whole) {
      connections_.wait_for_bytes(connection);
      connections_.keep(connection);
    }
  }
  std::exchange(done_, nullptr)(std::move(result));
}

}  // namespace gantry::tool

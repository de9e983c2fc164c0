#include "tool/name_lookup.h"

#include <netdb.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <thread>

namespace gantry::tool {
namespace {

constexpr auto answer_kept = std::chrono::minutes(1);
constexpr std::size_t names_kept_max = 1'024;
constexpr std::size_t lookups_max = 16;  // threads

boost::asio::ip::address address_in(const sockaddr& address) {
  if (address.sa_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    boost::asio::ip::address_v6::bytes_type bytes{};
    std::copy(std::begin(six.sin6_addr.s6_addr), std::end(six.sin6_addr.s6_addr), bytes.begin());
    return boost::asio::ip::address_v6(bytes, six.sin6_scope_id);
  }
  return boost::asio::ip::address_v4(ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr));
}

}  // namespace

NameLookup::Answer NameLookup::ask(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  Answer answer;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (code != 0) {
    answer.error = "could not resolve host: " + host + " (" + ::gai_strerror(code) + ")";
    return answer;
  }
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next)
    if (one->ai_family == AF_INET || one->ai_family == AF_INET6) answer.addresses.push_back(address_in(*one->ai_addr));
  ::freeaddrinfo(list);
  if (answer.addresses.empty()) answer.error = "could not resolve host: " + host;
  return answer;
}

NameLookup::Endpoints NameLookup::endpoints_of(const std::vector<boost::asio::ip::address>& addresses,
                                               std::uint16_t port) {
  Endpoints endpoints;
  for (const boost::asio::ip::address& address : addresses) endpoints.emplace_back(address, port);
  return endpoints;
}

void NameLookup::find(const std::string& host, std::uint16_t port, Found found) {
  boost::system::error_code error;
  if (const auto address = boost::asio::ip::make_address(host, error); !error) return found({{address, port}}, "");
  if (const auto known = known_.find(host); known != known_.end()) {
    if (known->second.until > Clock::now()) return found(endpoints_of(known->second.addresses, port), "");
    known_.erase(known);
  }
  const bool is_asked = waiting_.contains(host);
  waiting_[host].push_back({port, std::move(found)});
  if (is_asked) return;
  if (asking_ >= lookups_max)
    queued_.push_back(host);
  else
    start(host);
}

// The thread is not waited for: it may take longer than anybody here lives. It holds what it needs, and hands its
// answer over only while somebody is there to take it.
void NameLookup::start(const std::string& host) {
  ++asking_;
  std::thread([host, door = door_] {
    Answer answer = ask(host);
    std::lock_guard lock(door->mutex);
    if (door->owner == nullptr) return;
    boost::asio::post(door->owner->context_,
                      [owner = door->owner, host, answer = std::move(answer)] { owner->answered(host, answer); });
  }).detach();
}

void NameLookup::answered(const std::string& host, const Answer& answer) {
  --asking_;
  if (!answer.addresses.empty()) {
    if (known_.size() >= names_kept_max) known_.clear();
    known_[host] = {answer.addresses, Clock::now() + answer_kept};
  }
  const std::vector<Waiting> waiting = std::move(waiting_[host]);
  waiting_.erase(host);
  if (!queued_.empty()) {
    start(queued_.front());
    queued_.pop_front();
  }
  for (const Waiting& one : waiting) one.found(endpoints_of(answer.addresses, one.port), answer.error);
}

NameLookup::NameLookup(boost::asio::io_context& context) : context_(context), door_(std::make_shared<Door>()) {
  door_->owner = this;
}

NameLookup::~NameLookup() {
  std::lock_guard lock(door_->mutex);
  door_->owner = nullptr;
}

}  // namespace gantry::tool

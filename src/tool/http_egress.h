// Where HTTP calls may go. The name is checked before anything is sent, the address when the connection is made.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tool/http_address.h"
#include "tool/http_url.h"

namespace gantry::tool {

// One entry of the allow-list.
struct EgressRule {
  std::string scheme;                 // empty: both
  std::string host;                   // lower case; "*.example.org" for everything below it; empty for an address range
  std::uint16_t port = 0;             // 0: any but those of other protocols
  std::optional<AddressRange> range;  // for an address or a range of them
};
// "host", "host:port", "scheme://host[:port]", "*.suffix", "10.0.0.0/8", "10.0.0.5:8080", "[::1]:80".
// Errors: invalid_argument, naming the entry.
Result<EgressRule> parse_egress_rule(std::string_view entry);

// Mail, databases, remote shells and the like. Such a port is reached only through an entry that names it.
bool is_port_of_another_protocol(std::uint16_t port);

// Immutable; any thread.
class Egress {
 public:
  // Entries that don't parse allow nothing.
  Egress(const std::vector<std::string>& allow, bool any_host, const std::map<std::string, std::string>& host_override);

  struct Route {
    HttpUrl url;              // to connect to
    bool overridden = false;  // the operator has named the target: any address will do
  };
  // Where a URL leads, whether it may be reached or not: its origin is that of an override, where there is one.
  const HttpUrl& target_of(const HttpUrl& logical) const;
  // Errors: denied, when the logical URL may not be reached.
  Result<Route> route(const HttpUrl& logical) const;

  // The address to which the host of a route was resolved. Addresses outside the public internet must be covered by an
  // entry that names an address or range, or be loopback for an allowed "localhost".
  bool may_connect(const Route& route, const NetworkAddress& address) const;

 private:
  bool allows(const HttpUrl& url) const;

  std::vector<EgressRule> rules_;
  bool any_host_;
  std::map<std::string, HttpUrl> overrides_;  // by "scheme://host:port"
};

}  // namespace gantry::tool

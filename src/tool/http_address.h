// Network addresses, and which of them belong to the public internet. IPv4 is kept as IPv4-mapped IPv6.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace gantry::tool {

struct NetworkAddress {
  std::array<std::uint8_t, 16> bytes{};
  bool operator==(const NetworkAddress&) const = default;
};

struct AddressRange {
  NetworkAddress base;
  unsigned prefix_bits = 128;
  bool contains(const NetworkAddress& address) const;
};

// "10.0.0.5", "::1", "[::1]". Strictly these: no octal, hexadecimal or shortened forms.
std::optional<NetworkAddress> parse_address(std::string_view text);
// "10.0.0.0/8", "fd00::/8", or one address.
std::optional<AddressRange> parse_address_range(std::string_view text);
std::optional<NetworkAddress> address_of(const sockaddr& socket_address);
std::string format_address(const NetworkAddress& address);

bool is_loopback(const NetworkAddress& address);
// False for everything that is special: loopback, private, link-local, carrier NAT, multicast, documentation, and
// addresses that carry another one inside (NAT64, 6to4, Teredo), which could lead back to a special one.
bool is_public(const NetworkAddress& address);

}  // namespace gantry::tool

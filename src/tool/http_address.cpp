#include "tool/http_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

namespace gantry::tool {
namespace {

constexpr unsigned mapped_bits = 96;  // IPv4 a.b.c.d is ::ffff:a.b.c.d

bool is_version_4(const NetworkAddress& address) {
  static constexpr std::array<std::uint8_t, 12> prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return std::equal(prefix.begin(), prefix.end(), address.bytes.begin());
}

NetworkAddress mapped(const void* four_bytes) {
  NetworkAddress address;
  address.bytes[10] = address.bytes[11] = 0xFF;
  std::memcpy(&address.bytes[12], four_bytes, 4);
  return address;
}

std::vector<AddressRange> ranges_of(std::initializer_list<const char*> texts) {
  std::vector<AddressRange> ranges;
  for (const char* text : texts) {
    if (const auto range = parse_address_range(text)) ranges.push_back(*range);
  }
  return ranges;
}

// The special-purpose registries of IANA, https://www.iana.org/assignments/iana-ipv4-special-registry.
const std::vector<AddressRange>& special_ranges() {
  static const std::vector<AddressRange> ranges = ranges_of({
      "0.0.0.0/8",     "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
      "172.16.0.0/12", "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
      "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
      "2001::/23",     "2001:db8::/32",   "2002::/16",      "3fff::/20",
  });
  return ranges;
}

}  // namespace

bool AddressRange::contains(const NetworkAddress& address) const {
  const std::size_t whole = prefix_bits / 8;
  if (!std::equal(base.bytes.begin(), base.bytes.begin() + static_cast<std::ptrdiff_t>(whole), address.bytes.begin())) {
    return false;
  }
  if (prefix_bits % 8 == 0) return true;
  const unsigned mask = 0xFFu << (8 - prefix_bits % 8) & 0xFFu;
  return (base.bytes[whole] & mask) == (address.bytes[whole] & mask);
}

std::optional<NetworkAddress> parse_address(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  const std::string terminated(text);
  in_addr four{};
  if (inet_pton(AF_INET, terminated.c_str(), &four) == 1) return mapped(&four);
  in6_addr six{};
  if (inet_pton(AF_INET6, terminated.c_str(), &six) != 1) return std::nullopt;
  NetworkAddress address;
  std::memcpy(address.bytes.data(), &six, address.bytes.size());
  return address;
}

std::optional<AddressRange> parse_address_range(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return AddressRange{*address, 128};
  const std::string_view bits_text = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(bits_text.data(), bits_text.data() + bits_text.size(), bits);
  const bool version_4 = is_version_4(*address);
  if (error != std::errc() || end != bits_text.data() + bits_text.size() || bits > (version_4 ? 32u : 128u)) {
    return std::nullopt;
  }
  return AddressRange{*address, version_4 ? bits + mapped_bits : bits};
}

std::optional<NetworkAddress> address_of(const sockaddr& socket_address) {
  if (socket_address.sa_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &socket_address, sizeof four);
    return mapped(&four.sin_addr);
  }
  if (socket_address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 six{};
  std::memcpy(&six, &socket_address, sizeof six);
  NetworkAddress address;
  std::memcpy(address.bytes.data(), &six.sin6_addr, address.bytes.size());
  return address;
}

std::string format_address(const NetworkAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_version_4(address)) {
    inet_ntop(AF_INET, &address.bytes[12], text, sizeof text);
  } else {
    inet_ntop(AF_INET6, address.bytes.data(), text, sizeof text);
  }
  return text;
}

bool is_loopback(const NetworkAddress& address) {
  if (is_version_4(address)) return address.bytes[12] == 127;
  NetworkAddress one;
  one.bytes[15] = 1;
  return address == one;
}

bool is_public(const NetworkAddress& address) {
  // Of IPv6 only 2000::/3 is given out to the public.
  if (!is_version_4(address) && (address.bytes[0] & 0xE0) != 0x20) return false;
  return std::none_of(special_ranges().begin(), special_ranges().end(),
                      [&](const AddressRange& range) { return range.contains(address); });
}

}  // namespace gantry::tool

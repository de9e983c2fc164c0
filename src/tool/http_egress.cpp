#include "tool/http_egress.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace gantry::tool {
namespace {

std::string origin_of(const HttpUrl& url) {
  return fmt::format("{}://{}:{}", url.scheme, url.host, url.port);
}

std::string authority_of(const HttpUrl& url) {
  const bool six = url.host.find(':') != std::string::npos;
  return six ? fmt::format("[{}]:{}", url.host, url.port) : fmt::format("{}:{}", url.host, url.port);
}

// https://fetch.spec.whatwg.org/#port-blocking (what browsers refuse), then those of databases, caches, queues, remote
// shells and the daemons of containers, which read an HTTP request as commands or answer to anybody.
constexpr std::uint16_t ports_of_other_protocols[] = {
    1,    7,    9,    11,   13,   15,   17,   19,   20,   21,   22,   23,   25,   37,    42,    43,   53,
    69,   77,   79,   87,   95,   101,  102,  103,  104,  109,  110,  111,  113,  115,   117,   119,  123,
    135,  137,  139,  143,  161,  179,  389,  427,  465,  512,  513,  514,  515,  526,   530,   531,  532,
    540,  548,  554,  556,  563,  587,  601,  636,  989,  990,  993,  995,  1719, 1720,  1723,  2049, 3659,
    4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 445,   873,  1433,
    1521, 1883, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 5432, 5672, 5900, 6379, 10250, 11211, 27017};

Error entry_refused(std::string_view entry) {
  return {
      Code::invalid_argument,
      fmt::format("egress: \"{}\": expected a host, host:port, scheme://host:port, *.suffix, or an address range such "
                  "as 10.0.0.0/8",
                  entry)};
}

bool is_host_text(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  return std::all_of(host.begin(), host.end(), [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_';
  });
}

// Takes ":8080" off the end of a host; IPv6 addresses need brackets for that.
bool take_port(std::string_view& host, std::uint16_t& port) {
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');
  const bool six_without_port = bracket != std::string_view::npos ? colon < bracket : host.find(':') != colon;
  if (colon == std::string_view::npos || six_without_port) return true;
  const std::string_view text = host.substr(colon + 1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  host = host.substr(0, colon);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

bool matches(const EgressRule& rule, const HttpUrl& url) {
  if (!rule.scheme.empty() && rule.scheme != url.scheme) return false;
  if (rule.port != 0 ? rule.port != url.port : is_port_of_another_protocol(url.port)) return false;
  const auto address = parse_address(url.host);
  if (rule.range) return address && rule.range->contains(*address);
  if (address) return false;
  if (rule.host.starts_with("*.")) {
    const std::string_view suffix = std::string_view(rule.host).substr(1);
    return url.host.size() > suffix.size() && url.host.ends_with(suffix);
  }
  return rule.host == url.host;
}

}  // namespace

bool is_port_of_another_protocol(std::uint16_t port) {
  return std::find(std::begin(ports_of_other_protocols), std::end(ports_of_other_protocols), port) !=
         std::end(ports_of_other_protocols);
}

Result<EgressRule> parse_egress_rule(std::string_view entry) {
  std::string lower(entry);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte; });
  std::string_view rest = lower;
  EgressRule rule;
  if (const std::size_t scheme = rest.find("://"); scheme != std::string_view::npos) {
    rule.scheme = rest.substr(0, scheme);
    rest = rest.substr(scheme + 3);
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (rule.scheme != "http" && rule.scheme != "https") return entry_refused(entry);
    rule.port = rule.scheme == "http" ? 80 : 443;
  }
  if (rest.find('/') == std::string_view::npos && !take_port(rest, rule.port)) return entry_refused(entry);
  if (const auto range = parse_address_range(rest)) {
    rule.range = range;
    return rule;
  }
  if (rest.ends_with('.')) rest.remove_suffix(1);
  rule.host = rest;
  if (!is_host_text(rest.starts_with("*.") ? rest.substr(2) : rest)) return entry_refused(entry);
  return rule;
}

Egress::Egress(const std::vector<std::string>& allow, bool any_host,
               const std::map<std::string, std::string>& host_override)
    : any_host_(any_host) {
  for (const std::string& entry : allow) {
    if (Result<EgressRule> rule = parse_egress_rule(entry)) rules_.push_back(*std::move(rule));
  }
  for (const auto& [from, to] : host_override) {
    const Result<HttpUrl> source = parse_url(from);
    Result<HttpUrl> target = parse_url(to);
    if (source && target) overrides_.emplace(origin_of(*source), *std::move(target));
  }
}

bool Egress::allows(const HttpUrl& url) const {
  return (any_host_ && !is_port_of_another_protocol(url.port)) ||
         std::any_of(rules_.begin(), rules_.end(), [&](const EgressRule& rule) { return matches(rule, url); });
}

const HttpUrl& Egress::target_of(const HttpUrl& logical) const {
  if (overrides_.empty()) return logical;
  const auto found = overrides_.find(origin_of(logical));
  return found == overrides_.end() ? logical : found->second;
}

Result<Egress::Route> Egress::route(const HttpUrl& logical) const {
  if (const auto found = overrides_.empty() ? overrides_.end() : overrides_.find(origin_of(logical));
      found != overrides_.end()) {
    return Route{.url = TRY(with_origin(logical, found->second)), .overridden = true};
  }
  if (allows(logical)) return Route{.url = logical, .overridden = false};
  const std::string entry =
      is_port_of_another_protocol(logical.port)
          ? fmt::format("{}\" (the port is that of another protocol, so it must be named)", authority_of(logical))
          : logical.host + "\"";
  return Error{Code::denied, fmt::format("{} may not be reached: add \"{} to egress.allow in gantry.yaml",
                                         origin_of(logical), entry)};
}

bool Egress::may_connect(const Route& route, const NetworkAddress& address) const {
  if (route.overridden || is_public(address)) return true;
  return std::any_of(rules_.begin(), rules_.end(), [&](const EgressRule& rule) {
    if (!rule.scheme.empty() && rule.scheme != route.url.scheme) return false;
    if (rule.port != 0 && rule.port != route.url.port) return false;
    if (rule.range) return rule.range->contains(address);
    return rule.host == "localhost" && route.url.host == "localhost" && is_loopback(address);
  });
}

}  // namespace gantry::tool

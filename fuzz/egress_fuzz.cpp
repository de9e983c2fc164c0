// URLs and egress entries of any form: no crash, and nothing that is let through may mean something else than was
// checked. Input: an entry of the allow-list, a line break, a URL.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tool/http_egress.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gantry::tool;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line_break = input.find('\n');
  const std::string entry(input.substr(0, line_break));
  const std::string_view text = line_break == std::string_view::npos ? "" : input.substr(line_break + 1);

  const auto rule = parse_egress_rule(entry);
  const auto url = parse_url(text);
  if (!url) return 0;
  // What is sent reads the same as what was checked.
  const auto again = parse_url(url->text);
  if (!again || again->host != url->host || again->port != url->port || again->scheme != url->scheme) std::abort();
  for (const char byte : url->text) {
    if (byte <= ' ' || byte >= 0x7F || byte == '\\') std::abort();
  }
  if (Egress({}, false, {}).route(*url)) std::abort();
  const Egress egress({entry}, false, {});
  const auto route = egress.route(*url);
  if (route && !rule) std::abort();
  if (!route) return 0;
  // A name alone never opens the way to the cloud's metadata service.
  const auto metadata = parse_address("169.254.169.254");
  if (!rule->range && egress.may_connect(*route, *metadata)) std::abort();
  return 0;
}

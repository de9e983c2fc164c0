// What is left of a text when it does not matter how it is written, for finding what a result repeats. Private to the
// gate. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::gate {

// The letters and digits of a text, without percent encoding, HTML's character references and JSON's escapes (also one
// in another), in Unicode's compatible form without case: "eve%40Evil.com", "EVE&#64;evil.com" and "eve@evil.com" are
// "eveevilcom". What is between two of them begins a word; a point, comma or apostrophe between digits does not.
struct EchoForm {
  std::string letters;
  std::string begins;  // as long: 1 where a word begins, else 0
  std::string text;    // what the letters were taken from

  // Whether a word begins at `at`, or the text ends there.
  bool is_edge(std::size_t at) const { return at >= begins.size() || begins[at] != 0; }
};
EchoForm echo_form_of(std::string_view text);

// The numbers that stand in the text, in every way in which they may be read: "1,250.50" is 1250.5. One or a few digits
// in a word are none.
std::vector<double> numbers_in(std::string_view text);

}  // namespace gantry::gate

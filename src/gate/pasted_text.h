// A request is its author's own words, but for what was pasted into it. What counts as pasted, in a text of several
// lines, which a line feed, a carriage return, U+0085, U+2028 or U+2029 ends:
//
//   - lines from the first to the last line that starts with ``` or ~~~ or """ (to the end where there is only one)
//   - lines that start with > or |
//   - from a line that begins a forwarded or quoted mail to the end: "-----Original Message-----", "---------- Forwarded
//     message", "Begin forwarded message:", "On ... wrote:", or a line "From: ..." followed by a line "Sent:", "To:",
//     "Date:" or "Subject:"
//
// and in any text
//
//   - what stands between the first <pasted> and the last </pasted>, in letters of any case, also with attributes
//
// Pure; any thread. Private to the gate and documented in docs/reference/labels.md.
#pragma once

#include <string>
#include <string_view>

namespace gantry::gate {

struct OwnWords {
  std::string text;     // without what was pasted; pasted parts leave a line break
  bool pasted = false;  // whether anything was
};
OwnWords own_words_of(std::string_view text);

}  // namespace gantry::gate

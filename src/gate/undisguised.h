// Texts whose addresses are written so that a scanner does not see them and a person or a mail program does. Pure; any
// thread.
#pragma once

#include <string>
#include <string_view>

namespace gantry::gate {

// The text with these undone: "evil[.]example", "evil (dot) example", "eve[at]evil.example", "http[:]//", "http[s]://";
// HTML's character references; its inline elements and comments in the middle of a word, as far as people write them (a
// text that is HTML is read by html_text.h); a backslash or emphasis of Markdown at a dot or an @. Never longer than
// the text; the text itself where there is none.
std::string undisguised(std::string_view text);

}  // namespace gantry::gate

// A text as a mail program shows it when it takes it for HTML. Private to the gate. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace gantry::gate {

// Character references are what they stand for; comments, declarations and tags are gone, as the tokenizer of the HTML
// standard finds them (13.2.5), whatever is missing of them; a tag that begins a new line, where the parser does not
// ignore it, is a blank. Scripts, styles, titles and templates show nothing. Not longer than the text. Style sheets are
// not looked at.
std::string text_of_html(std::string_view text);

}  // namespace gantry::gate

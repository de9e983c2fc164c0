// Character references of HTML, read as a browser reads them in text: "&#46", "&#x2e;", "&period;", "&eacute". Private
// to the gate. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace gantry::gate {

struct HtmlReference {
  std::string characters;  // what is shown; not longer than the reference
  std::size_t length = 0;  // bytes of the reference; 0: there is none
};
// At the start of the text, which begins with '&'. By the tokenizer of the HTML standard, 13.2.5.72 to 13.2.5.80.
HtmlReference html_reference_at(std::string_view text);
// The same in the middle of a text: adds its characters and goes on behind it. False, and nothing done, where none begins at `at`.
bool take_html_reference(std::string_view text, std::size_t& at, std::string& out);

}  // namespace gantry::gate

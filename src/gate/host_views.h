// A text as programs and as people take hosts and mail addresses out of it, where it has more than ASCII. Private to
// the gate. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace gantry::gate {

// Each character that stands for one of ASCII (by NFKC: U+FF21, U+FF0C, U+2024, U+2460, U+1D41A) is that, the
// ideographic full stops are dots: what a program makes of an address before it follows it. Not longer than the text.
std::string with_ascii_meant(std::string_view text);

// Each character that can't be part of a host name or an address is a blank: by Unicode all but letters, marks, digits
// that stand for ASCII's and what can't be seen, and what stands for a dot or an @. ASCII stays. Not longer than the
// text.
std::string with_words_apart(std::string_view text);

// Where the characters of a script end that another kind of script follows, at most `text.size()`: a Latin word beside
// Chinese, Japanese, Thai ones, which are written without blanks. `text` is not empty; only words in it.
std::size_t script_run(std::string_view text);

// Whether a text has nothing but letters and marks; it has at least one character.
bool is_all_letters(std::string_view text);

}  // namespace gantry::gate

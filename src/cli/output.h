// What commands print. Results on stdout, everything for humans on stderr; colour only on a terminal without NO_COLOR.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "value/value.h"

namespace gantry::cli {

enum ExitStatus { exit_done = 0, exit_no = 1, exit_wrong_input = 2, exit_waiting = 3, exit_unreachable = 4 };

int exit_status(Code code);
// Prints "gantry: MESSAGE" to stderr and returns the exit status for its code.
int fail(const Error& error);
void print_result(const std::string& line);  // stdout
void note(const std::string& line);          // stderr
// A JSON value on stdout: indented on a terminal, one line elsewhere.
void print_value(const Value& value);
// Rows of text in aligned columns on stdout, the first row as heading. Control characters are shown, not sent.
void print_table(const std::vector<std::vector<std::string>>& rows);
// Text for a terminal: control characters (other programs' text may be hostile) become visible escapes.
std::string printable(std::string_view text);

}  // namespace gantry::cli

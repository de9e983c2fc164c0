// The gantry program: parses the command line and runs one command.
// Exit status: 0 done, 1 the workflow faulted or the answer is no, 2 the input is wrong, 3 waiting (with --no-wait),
// 4 the server or store can't be reached. Results go to stdout, everything for humans to stderr.
#pragma once

namespace gantry::cli {
int run_command_line(int argument_count, char** arguments);
}

#include "cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "value/json.h"

namespace gantry::cli {
namespace {

// Columns a terminal needs: UTF-8 continuation bytes take none.
std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (char letter : text) width += (static_cast<unsigned char>(letter) & 0xC0) != 0x80;
  return width;
}

}  // namespace

int exit_status(Code code) {
  switch (code) {
    case Code::invalid_argument:
    case Code::not_found:
    case Code::exhausted:
      return exit_wrong_input;
    case Code::conflict:
    case Code::denied:
    case Code::cancelled:
    case Code::timeout:
    case Code::internal:
      return exit_no;
    case Code::unavailable:
      return exit_unreachable;
  }
  return exit_no;
}

int fail(const Error& error) {
  note("gantry: " + error.message);
  return exit_status(error.code);
}

void print_result(const std::string& line) {
  std::fprintf(stdout, "%s\n", line.c_str());
}
void note(const std::string& line) {
  std::fflush(stdout);  // so that the order holds where both go to the same place
  std::fprintf(stderr, "%s\n", printable(line).c_str());
}
void print_value(const Value& value) {
  print_result(isatty(STDOUT_FILENO) ? print_json_pretty(value) : print_json(value));
}

std::string printable(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (char letter : text) {
    auto code = static_cast<unsigned char>(letter);
    if ((code < 0x20 && letter != '\n' && letter != '\t') || code == 0x7f)
      safe += fmt::format("\\x{:02x}", code);
    else
      safe.push_back(letter);
  }
  return safe;
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += printable(row[i]);
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    print_result(line);
  }
}

}  // namespace gantry::cli

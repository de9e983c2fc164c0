// Blocks of jq's own test suite (1.8.2) that don't apply to expressions here, by file and line of the program.
#pragma once

#include <string_view>

namespace gantry::expression {

struct ConformanceException {
  std::string_view file;
  int line;
  std::string_view reason;
};

constexpr ConformanceException conformance_exceptions[] = {
    {"jq.test", 1900, "modules are not part of expressions"},
    {"jq.test", 1904, "modules are not part of expressions"},
    {"jq.test", 1908, "modules are not part of expressions"},
    {"jq.test", 1912, "modules are not part of expressions"},
    {"jq.test", 1917, "modules are not part of expressions"},
    {"jq.test", 1921, "modules are not part of expressions"},
    {"jq.test", 1925, "modules are not part of expressions"},
    {"jq.test", 1929, "modules are not part of expressions"},
    {"jq.test", 1969, "modules are not part of expressions"},
    {"jq.test", 1973, "modules are not part of expressions"},
    {"jq.test", 1977, "modules are not part of expressions"},
    {"jq.test", 1993, "modules are not part of expressions"},
    {"jq.test", 2014,
     "numbers beyond int64 print as ECMAScript does (1.2345678901234568e+29); jq without decNumber prints more zeros"},
    {"jq.test", 2196, "integers are exact within int64; the block expects them rounded to doubles"},
    {"jq.test", 2200, "integers are exact within int64; the block expects them rounded to doubles"},
    {"jq.test", 2204, "integers are exact within int64; the block expects them rounded to doubles"},
    {"jq.test", 2211, "integers are exact within int64; the block expects them rounded to doubles"},
    {"jq.test", 2215, "integers are exact within int64; the block expects them rounded to doubles"},
    {"jq.test", 2219, "integers are exact within int64; the block expects them rounded to doubles"},
    {"jq.test", 2224, "integers are exact within int64; the block expects them rounded to doubles"},
    {"jq.test", 2241, "integers are exact within int64; the block expects them rounded to doubles"},
    {"jq.test", 2324, "the message of the JSON reader is ours: line, column, expected, found"},
    {"jq.test", 2337, "expressions have no further inputs; `input` does not compile"},
    {"jq.test", 2498, "the message of the JSON reader is ours: line, column, expected, found"},
    {"jq.test", 2568, "a value of more than 10,000 levels is refused, never printed with parts left out"},
    {"man.test", 9,
     "numbers beyond int64 print as ECMAScript does (1.2345678901234568e+29); jq without decNumber prints more zeros"},
    {"man.test", 13, "integers are exact within int64; the block expects them rounded to doubles"},
    {"man.test", 686, "expressions can't see the environment of the server"},
    {"man.test", 690, "expressions can't see the environment of the server"},
};

}  // namespace gantry::expression

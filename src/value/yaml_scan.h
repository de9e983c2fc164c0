// A second, forgiving look at a YAML text, beside yaml-cpp: where its quotes and brackets open and close. For what
// yaml-cpp can't say (which quote was never closed) and can't read (escapes of surrogate pairs).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "value/yaml.h"

namespace gantry {

struct YamlScan {
  struct Slip {
    std::size_t position = 0;  // a byte of the text
    std::string message;
  };
  std::optional<Slip> slip;  // the first one; what follows it was not looked at
  std::vector<std::pair<std::size_t, std::size_t>> double_quoted;  // from the opening quote to behind the closing one
};
// In time linear in the text.
YamlScan scan_yaml(std::string_view text);

// Behind the quote that closes the one at `start`; npos when none does.
std::size_t end_of_quoted_yaml(std::string_view text, std::size_t start);

// From what yaml-cpp said of a text to what helps: the slip if there is one up to that place, a tab that indents, or
// yaml-cpp's words in better ones.
YamlError explained_yaml_error(std::string_view text, SourcePlace place, const std::string& message);

// With the escapes of surrogate pairs (as JSON has them) in double-quoted scalars as one escape each, and where these
// now are; nothing when there is none. An escape of half a pair stays as it is.
struct YamlPairsJoined {
  std::string text;
  std::vector<std::size_t> positions;  // of the new escapes in `text`, each 2 bytes shorter than it was
};
std::optional<YamlPairsJoined> with_surrogate_pairs_joined(std::string_view text);

// With line feeds for the carriage returns that stand alone: these end a line in YAML, and yaml-cpp takes them for
// blanks. Nothing when there is none.
std::optional<std::string> with_line_feeds(std::string_view text);

}  // namespace gantry

// The texts inside EDIFACT segments: numbers, dates, units, stowage positions, and the list of problems found.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tool/edifact.h"
#include "tool/edifact_segment.h"

namespace gantry::tool {

// Digits with an optional minus and one decimal mark: the declared one, or a dot or comma, since senders mix them.
std::optional<double> parse_edifact_number(std::string_view text, char decimal_mark);

// Formats 101 YYMMDD, 102 CCYYMMDD, 201 YYMMDDHHMM, 203 CCYYMMDDHHMM, 204 with seconds; the result is ISO 8601 without
// a zone ("2010-01-12T08:41"), because the message names none. Two-digit years are 1970 to 2069.
std::optional<std::string> parse_edifact_time(std::string_view text, std::string_view format);

// Into kilograms, degrees Celsius, centimetres; rounded to three, one and one decimals. Nothing for an unknown unit.
std::optional<double> to_kilograms(double amount, std::string_view unit);
std::optional<double> to_celsius(double amount, std::string_view unit);
std::optional<double> to_centimetres(double amount, std::string_view unit);

// ISO 9711-1: BBBRRTT, or BBRRTT in older messages.
struct StowagePosition {
  int bay = 0, row = 0, tier = 0;
};
std::optional<StowagePosition> parse_stowage_position(std::string_view text);

// Collects problems up to a limit and counts all of them.
class EdifactProblems {
 public:
  explicit EdifactProblems(std::size_t listed_max) : listed_max_(listed_max) {}
  void add(EdifactProblemKind kind, std::size_t segment, std::size_t offset, std::string message);
  void add(EdifactProblemKind kind, const EdifactSegment& segment, std::string message) {
    add(kind, segment.number, segment.offset, std::move(message));
  }
  std::size_t count(EdifactProblemKind kind) const { return counts_[static_cast<std::size_t>(kind)]; }
  std::size_t count() const { return counts_[0] + counts_[1] + counts_[2]; }
  Value to_value() const;

 private:
  std::size_t listed_max_;
  std::vector<EdifactProblem> listed_;
  std::array<std::size_t, 3> counts_{};
};

}  // namespace gantry::tool

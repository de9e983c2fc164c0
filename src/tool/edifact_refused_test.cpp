// Input that is refused: no EDIFACT, or beyond a limit.
#include "tool/edifact_fixture.h"

namespace gantry::tool {
namespace {

using ::testing::HasSubstr;

std::string refusal(std::string_view text, const EdifactLimits& limits = {}) {
  auto result = read_edifact(text, limits);
  return result.ok() ? "not refused" : std::string(name_of(result.error().code)) + ": " + result.error().message;
}

TEST(EdifactRefuses, AnEmptyInput) {
  EXPECT_THAT(refusal(""), HasSubstr("invalid_argument: edifact: the input is empty"));
  EXPECT_THAT(refusal(" \r\n "), HasSubstr("the input is empty"));
  EXPECT_THAT(refusal("UN"), HasSubstr("ends after 2 bytes"));
  EXPECT_THAT(refusal("UNA:+.?"), HasSubstr("inside the first segment"));
}

TEST(EdifactRefuses, WhatIsNoEdifact) {
  EXPECT_THAT(refusal("{\"a\": 1}"), HasSubstr("expected UNA, UNB or UNH"));
  EXPECT_THAT(refusal(std::string("\0\1\2\3", 4)), HasSubstr("\\x00\\x01\\x02"));
}

TEST(EdifactRefuses, SeparatorsThatAreNotDistinct) {
  EXPECT_THAT(refusal("UNA++.? 'UNB+UNOA"), HasSubstr("they must differ"));
  EXPECT_THAT(refusal("UNA:+.? AUNB+UNOA"), HasSubstr("no letters or digits"));
}

TEST(EdifactRefuses, ASegmentWithoutEnd) {
  const std::string text = "UNB+UNOA:2+S" + std::string(20'000, 'X');
  EXPECT_THAT(refusal(text), HasSubstr("exhausted: edifact: segment 1 at byte 0 has no terminator within 16384 bytes"));
}

TEST(EdifactRefuses, InputBeyondEachLimit) {
  const std::string text = plan_start + one_container + plan_end;
  EXPECT_THAT(refusal(text, {.bytes_max = 100}), HasSubstr("larger than 100 bytes"));
  EXPECT_THAT(refusal(text, {.segments_max = 5}), HasSubstr("more than 5 segments"));
  EXPECT_THAT(refusal(text, {.components_max = 20}), HasSubstr("20 data elements"));
}

// Feeds up to 200 MB in chunks of 64 KiB made by `fill` and says how many bytes were taken before the refusal.
template <class Fill>
std::size_t bytes_until_refused(std::string_view start, Fill fill) {
  constexpr std::size_t total = 200u << 20, chunk_size = 64u << 10;
  EdifactReader reader;
  EXPECT_TRUE(reader.feed(start).ok());
  std::string chunk(chunk_size, '\0');
  for (std::size_t taken = 0; taken < total; taken += chunk_size) {
    for (char& byte : chunk) byte = fill();
    if (!reader.feed(chunk).ok()) {
      EXPECT_FALSE(reader.feed("UNZ'").ok()) << "an error must stay";
      EXPECT_FALSE(reader.finish().ok());
      return taken + chunk_size;
    }
  }
  return total;
}

TEST(EdifactRefuses, TwoHundredMegabytesOfGarbageWithinTheFirstChunks) {
  std::uint32_t state = 12345;
  const auto random_byte = [&state] {
    state = state * 1664525u + 1013904223u;
    return static_cast<char>(state >> 24);
  };
  EXPECT_LE(bytes_until_refused("UNB+UNOA:2+S+R+261123:0600+7'", random_byte), 128u << 10);
  EXPECT_LE(bytes_until_refused("UNB+UNOA:2+S+R+261123:0600+7'", [] { return '\''; }), 128u << 10);
  EXPECT_LE(bytes_until_refused("UNB+UNOA:2+S+R+261123:0600+7'", [] { return 'A'; }), 128u << 10);
}

TEST(EdifactRefuses, TwoHundredMegabytesOfBlanksAtTheByteLimit) {
  EXPECT_LE(bytes_until_refused("UNB+UNOA:2+S+R+261123:0600+7'", [] { return '\n'; }), (32u << 20) + (64u << 10));
}

TEST(EdifactRefuses, AMessageOfEndlessTinySegmentsAtTheSegmentLimit) {
  std::size_t at = 0;
  const std::string segment = "BGM'";
  EdifactLimits limits;
  EXPECT_LE(bytes_until_refused("UNB+UNOA:2+S+R+261123:0600+7'UNH+1+IFTSTA:D:00B:UN'",
                                [&] { return segment[at++ % segment.size()]; }),
            limits.segments_max * segment.size() + (128u << 10));
}

}  // namespace
}  // namespace gantry::tool

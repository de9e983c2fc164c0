// Bytes in pieces -> segments. Knows the service string advice (UNA), the release character and line breaks between
// segments; knows nothing of messages.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "tool/edifact.h"
#include "tool/edifact_segment.h"

namespace gantry::tool {

class EdifactTokenizer {
 public:
  // Called for each complete segment, which may be changed and is valid during the call only.
  using Sink = std::function<Status(EdifactSegment&)>;

  EdifactTokenizer(const EdifactLimits& limits, Sink sink);

  Status feed(std::string_view chunk);
  // What is left when the input ends inside a segment.
  struct Tail {
    bool cut = false;               // bytes after the last terminator
    bool dangling_release = false;  // the last byte was the release character
    EdifactSegment* segment = nullptr;
  };
  Result<Tail> finish();

  char decimal_mark() const { return decimal_mark_; }
  std::size_t bytes() const { return position_; }
  std::size_t segments() const { return segment_count_; }

 private:
  enum class ByteClass : std::uint8_t { text, component, element, release, terminator, line_break };
  enum class Start : std::uint8_t { blank, letters, advice, done };

  void set_separators(std::string_view advice);
  Status begin(std::string_view& chunk);
  Status finish_start();
  Status take(char byte);
  void take_text(char byte);
  Status end_segment();
  void open_segment(std::size_t offset);

  EdifactLimits limits_;
  Sink sink_;
  std::array<ByteClass, 256> classes_{};
  char decimal_mark_ = '.';
  Start start_ = Start::blank;
  std::string prefix_;  // the first three letters, then UNA's six characters
  std::size_t prefix_offset_ = 0;
  EdifactSegment segment_;
  bool in_segment_ = false;
  bool released_ = false;
  std::size_t position_ = 0;
  std::size_t segment_count_ = 0;
  std::size_t component_count_ = 0;
};

}  // namespace gantry::tool

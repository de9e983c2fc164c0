// The envelope: UNB..UNZ, UNG..UNE, UNH..UNT. Checks counts and references and hands what is between UNH and UNT on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tool/edifact_bayplan.h"
#include "tool/edifact_fields.h"
#include "tool/edifact_segment.h"

namespace gantry::tool {

// One message while it is read. Not nested in the class: clang 14 then can't default-construct it in an optional.
struct EdifactMessage {
  std::string reference, type, version, release, agency, association;
  std::size_t segment = 0, offset = 0, segment_count = 0;
  std::optional<std::size_t> declared_segment_count;
  bool complete = false;
  std::vector<Member> document;
  std::vector<Value> segments;
  std::optional<EdifactBayPlan> bay_plan;
};

class EdifactInterchange {
 public:
  EdifactInterchange(const EdifactLimits& limits, EdifactProblems& problems) : limits_(limits), problems_(problems) {}

  Status take(EdifactSegment& segment, char decimal_mark);
  void take_cut(EdifactSegment* segment, bool dangling_release);
  Value finish(std::size_t bytes, std::size_t segments);

 private:
  Status check_text(EdifactSegment& segment);
  void check_charset(EdifactSegment& segment);
  void take_envelope(const EdifactSegment& segment, char decimal_mark);
  void take_outside(const EdifactSegment& segment);
  void open_interchange(const EdifactSegment& segment);
  void close_interchange(const EdifactSegment& segment);
  void open_group(const EdifactSegment& segment);
  void close_group(const EdifactSegment& segment);
  void open_message(const EdifactSegment& segment, char decimal_mark);
  void take_in_message(const EdifactSegment& segment);
  void close_message(const EdifactSegment& segment);
  void abandon_message(std::size_t segment, std::size_t offset, const char* reason);
  void store_message();
  void structure_problem(const EdifactSegment& segment, std::string message);
  std::optional<std::size_t> declared_count(const EdifactSegment& segment);

  EdifactLimits limits_;
  EdifactProblems& problems_;
  enum class Charset { level_a, level_b, latin1, utf8 } charset_ = Charset::level_b;
  bool opened_ = false, closed_ = false, headerless_ = false;
  std::vector<Member> interchange_;
  std::string control_reference_;
  std::optional<std::size_t> declared_message_count_;
  std::size_t malformed_ = 0, after_end_ = 0, group_count_ = 0, group_start_messages_ = 0, container_count_ = 0;
  std::string group_reference_;
  bool in_group_ = false;
  std::size_t last_segment_ = 0, last_offset_ = 0;
  std::optional<EdifactMessage> message_;
  std::vector<Value> messages_, other_;
};

}  // namespace gantry::tool

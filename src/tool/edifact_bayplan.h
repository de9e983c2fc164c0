// The BAPLIE message: a bay plan. Reads the header up to the first stowage position, then one group per position.
// Both families are read wherever they occur: D.95B and later (LOC+9 load, LOC+11 discharge; vessel in the eighth
// element of TDT) and 91.1 / SMDG 1.5 (LOC+6, LOC+12; vessel in the fourth).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tool/edifact_fields.h"
#include "tool/edifact_segment.h"

namespace gantry::tool {

class EdifactBayPlan {
 public:
  EdifactBayPlan(EdifactProblems& problems, char decimal_mark) : problems_(problems), decimal_mark_(decimal_mark) {}

  void take(const EdifactSegment& segment);  // everything between UNH and UNT
  // Adds vessel, departurePort, nextPort, times, containers, emptySlots, header and otherSegments to `message`.
  void finish(std::vector<Member>& message);
  std::size_t container_count() const { return containers_.size() + (group_ && group_->has_equipment ? 1 : 0); }

 private:
  struct Group {
    std::size_t segment = 0, offset = 0;
    std::string slot, id, id_as_written, size_type, load, discharge, delivery, carrier;
    std::optional<StowagePosition> position;
    std::optional<double> weight, vgm, temperature;
    std::optional<bool> full;
    bool has_equipment = false;
    std::vector<Member> overdimension, references, temperature_range;
    std::vector<Value> remarks, dangerous_goods, other;
    bool in_dangerous_goods = false;
  };

  void take_header(const EdifactSegment& segment);
  void take_transport(const EdifactSegment& segment);
  void open_group(const EdifactSegment& segment);
  void close_group();
  void take_in_group(const EdifactSegment& segment);
  void keep(const EdifactSegment& segment);
  bool read_place(const EdifactSegment& segment);
  bool read_weight(const EdifactSegment& segment);
  bool read_dimension(const EdifactSegment& segment);
  bool read_temperature(const EdifactSegment& segment);
  bool read_temperature_range(const EdifactSegment& segment);
  bool read_equipment(const EdifactSegment& segment);
  bool read_dangerous_goods(const EdifactSegment& segment);
  bool read_text(const EdifactSegment& segment);
  bool read_party(const EdifactSegment& segment);
  bool read_reference(const EdifactSegment& segment);
  // A number or nothing, with a content problem when there is text that is none.
  std::optional<double> number(const EdifactSegment& segment, std::string_view text, const char* what);

  EdifactProblems& problems_;
  char decimal_mark_;
  std::optional<Group> group_;
  std::vector<Value> containers_, empty_slots_, header_;
  std::vector<Member> vessel_, times_;
  std::string departure_port_, next_port_;
  std::map<std::string, std::size_t, std::less<>> other_counts_;
};

}  // namespace gantry::tool

#include "tool/edifact_bayplan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace gantry::tool {
namespace {

using Kind = EdifactProblemKind;

// Keys are shared by all containers: one node each instead of one per container and key.
struct ContainerKeys {
  Text slot{"slot"}, bay{"bay"}, row{"row"}, tier{"tier"}, id{"id"}, id_as_written{"idAsWritten"},
      size_type{"sizeType"}, weight{"weightKg"}, vgm{"vgmKg"}, load{"loadPort"}, discharge{"dischargePort"},
      delivery{"deliveryPlace"}, carrier{"carrier"}, full{"full"}, temperature{"temperatureC"},
      range{"temperatureRangeC"}, dangerous{"dangerousGoods"}, over{"overdimension"}, remarks{"remarks"},
      references{"references"}, segment{"segment"}, other{"other"};
};
const ContainerKeys& container_keys() {
  static const ContainerKeys keys;
  return keys;
}

Value text_or_null(std::string_view text) {
  return text.empty() ? Value() : Value(text);
}
Value number_or_null(const std::optional<double>& number) {
  return number ? Value(*number) : Value();
}

bool has_member(const std::vector<Member>& members, std::string_view key) {
  return std::any_of(members.begin(), members.end(), [&](const Member& member) { return member.key.view() == key; });
}

void add_text(std::vector<Member>& members, std::string_view key, std::string_view text) {
  if (!text.empty()) members.push_back({Text(key), Value(text)});
}

std::string without_blanks(std::string_view text) {
  std::string result(text);
  result.erase(std::remove(result.begin(), result.end(), ' '), result.end());
  return result;
}

// The text of FTX: five components of one element, joined as the sender split them.
std::string free_text(const EdifactSegment& segment) {
  std::string text;
  for (std::size_t part = 0; part < segment.components(4); ++part) {
    if (part > 0 && !segment.at(4, part).empty()) text += ' ';
    text += segment.at(4, part);
  }
  return text;
}

}  // namespace

void EdifactBayPlan::take(const EdifactSegment& segment) {
  if (segment.is("LOC", "147")) {
    open_group(segment);
  } else if (group_) {
    take_in_group(segment);
  } else {
    take_header(segment);
  }
}

void EdifactBayPlan::take_header(const EdifactSegment& segment) {
  header_.push_back(segment.to_value());
  if (segment.tag() == "TDT") return take_transport(segment);
  if (segment.is("LOC", "5")) departure_port_ = segment.at(2);
  if (segment.is("LOC", "61")) next_port_ = segment.at(2);
  if (segment.tag() != "DTM") return;

  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> names = {
      {{"132", "estimatedArrivalNext"},
       {"133", "estimatedDeparture"},
       {"136", "actualDeparture"},
       {"137", "prepared"},
       {"178", "actualArrival"}}};
  const auto* name =
      std::find_if(names.begin(), names.end(), [&](const auto& one) { return one.first == segment.at(1); });
  if (name == names.end()) return;
  if (const auto time = parse_edifact_time(segment.at(1, 1), segment.at(1, 2))) {
    times_.push_back({Text(name->second), Value(*time)});
  } else {
    problems_.add(Kind::content, segment, fmt::format("\"{}\" is no time of a known format", segment.excerpt()));
  }
}

void EdifactBayPlan::take_transport(const EdifactSegment& segment) {
  if (!vessel_.empty()) return;  // a second stage of transport stays in `header` only
  const bool vessel_in_fourth = segment.components(4) > 1;
  add_text(vessel_, "name", segment.at(8, 3).empty() ? segment.at(4, 3) : segment.at(8, 3));
  for (const std::size_t element : {std::size_t{8}, std::size_t{4}}) {
    if (segment.components(element) < 2) continue;
    const bool is_imo = segment.at(element, 1) == "146" || segment.at(element, 1) == "11";
    const char* key = is_imo ? "imo" : "callSign";
    if (!has_member(vessel_, key)) add_text(vessel_, key, segment.at(element));
  }
  add_text(vessel_, "voyage", segment.at(2));
  add_text(vessel_, "operator", segment.at(vessel_in_fourth ? 6 : 5));
}

void EdifactBayPlan::open_group(const EdifactSegment& segment) {
  close_group();
  Group group;
  group.segment = segment.number;
  group.offset = segment.offset;
  group.slot = segment.at(2);
  group.position = parse_stowage_position(group.slot);
  if (!group.position) {
    problems_.add(Kind::content, segment,
                  fmt::format("\"{}\" is no stowage position: expected BBBRRTT, seven digits", segment.excerpt()));
  }
  group_ = std::move(group);
  if (segment.has_more_from(3)) keep(segment);
}

void EdifactBayPlan::keep(const EdifactSegment& segment) {
  group_->other.push_back(segment.to_value());
  const std::string_view tag = segment.tag();
  if (const auto found = other_counts_.find(tag); found != other_counts_.end()) {
    ++found->second;
  } else {
    other_counts_.emplace(tag, 1);
  }
}

void EdifactBayPlan::take_in_group(const EdifactSegment& segment) {
  using Read = bool (EdifactBayPlan::*)(const EdifactSegment&);
  static constexpr std::array<std::pair<std::string_view, Read>, 10> readers = {
      {{"LOC", &EdifactBayPlan::read_place},
       {"MEA", &EdifactBayPlan::read_weight},
       {"DIM", &EdifactBayPlan::read_dimension},
       {"TMP", &EdifactBayPlan::read_temperature},
       {"RNG", &EdifactBayPlan::read_temperature_range},
       {"EQD", &EdifactBayPlan::read_equipment},
       {"DGS", &EdifactBayPlan::read_dangerous_goods},
       {"FTX", &EdifactBayPlan::read_text},
       {"NAD", &EdifactBayPlan::read_party},
       {"RFF", &EdifactBayPlan::read_reference}}};
  for (const auto& [tag, read] : readers) {
    if (tag != segment.tag()) continue;
    if (!(this->*read)(segment)) keep(segment);
    return;
  }
  keep(segment);
}

bool EdifactBayPlan::read_place(const EdifactSegment& segment) {
  const std::string_view function = segment.at(1);
  std::string* place = nullptr;
  if (function == "9" || function == "6") place = &group_->load;
  if (function == "11" || function == "12") place = &group_->discharge;
  if (function == "83") place = &group_->delivery;
  if (place == nullptr || !place->empty() || segment.at(2).empty()) return false;
  *place = segment.at(2);
  return !segment.has_more_from(3);  // a terminal, say: the whole segment is kept as well
}

std::optional<double> EdifactBayPlan::number(const EdifactSegment& segment, std::string_view text, const char* what) {
  if (text.empty()) return std::nullopt;
  const auto parsed = parse_edifact_number(text, decimal_mark_);
  if (!parsed)
    problems_.add(Kind::content, segment, fmt::format("\"{}\": the {} is no number", segment.excerpt(), what));
  return parsed;
}

bool EdifactBayPlan::read_weight(const EdifactSegment& segment) {
  // MEA+WT++KGM:n and MEA+AAE+G+KGM:n are the gross weight, MEA+VGM++KGM:n and MEA+AAE+VGM+KGM:n the verified one.
  const bool verified = segment.at(1) == "VGM" || segment.at(2) == "VGM";
  const bool gross = segment.at(1) == "WT" || (segment.at(1) == "AAE" && segment.at(2) == "G");
  if (!verified && !gross) return false;
  const auto amount = number(segment, segment.at(3, 1), "weight");
  if (!amount) return false;
  const auto kilograms = to_kilograms(*amount, segment.at(3, 0));
  if (!kilograms) {
    problems_.add(Kind::content, segment,
                  fmt::format("\"{}\": unknown unit of weight, expected KGM, TNE or LBR", segment.excerpt()));
    return false;
  }
  auto& field = verified ? group_->vgm : group_->weight;
  if (field) return false;
  field = kilograms;
  return !segment.has_more_from(4);
}

bool EdifactBayPlan::read_dimension(const EdifactSegment& segment) {
  struct Side {
    std::string_view code, key;
    std::size_t component;  // of unit:length:width:height
  };
  static constexpr std::array<Side, 5> sides = {Side{"5", "frontCm", 1}, Side{"6", "backCm", 1},
                                                Side{"7", "rightCm", 2}, Side{"8", "leftCm", 2},
                                                Side{"9", "heightCm", 3}};
  const auto* side =
      std::find_if(sides.begin(), sides.end(), [&](const Side& one) { return one.code == segment.at(1); });
  if (side == sides.end() || has_member(group_->overdimension, side->key)) return false;
  const auto amount = number(segment, segment.at(2, side->component), "dimension");
  const auto centimetres = amount ? to_centimetres(*amount, segment.at(2)) : std::nullopt;
  if (!centimetres) return false;
  group_->overdimension.push_back({Text(side->key), Value(*centimetres)});
  return segment.components(2) <= 4 && !segment.has_more_from(3);
}

bool EdifactBayPlan::read_temperature(const EdifactSegment& segment) {
  if (segment.at(1) != "2" || group_->temperature) return false;
  const auto amount = number(segment, segment.at(2), "temperature");
  if (!amount) return false;
  group_->temperature = to_celsius(*amount, segment.at(2, 1));
  if (!group_->temperature) {
    problems_.add(Kind::content, segment,
                  fmt::format("\"{}\": unknown unit of temperature, expected CEL or FAH", segment.excerpt()));
    return false;
  }
  return !segment.has_more_from(3);
}

bool EdifactBayPlan::read_temperature_range(const EdifactSegment& segment) {
  if (!group_->temperature_range.empty()) return false;
  const auto low = number(segment, segment.at(2, 1), "lower limit"),
             high = number(segment, segment.at(2, 2), "upper limit");
  const auto low_celsius = low ? to_celsius(*low, segment.at(2)) : std::nullopt;
  const auto high_celsius = high ? to_celsius(*high, segment.at(2)) : std::nullopt;
  if (!low_celsius || !high_celsius) return false;
  group_->temperature_range.push_back({Text("minimum"), Value(*low_celsius)});
  group_->temperature_range.push_back({Text("maximum"), Value(*high_celsius)});
  return !segment.has_more_from(3);
}

bool EdifactBayPlan::read_equipment(const EdifactSegment& segment) {
  group_->in_dangerous_goods = false;
  if (group_->has_equipment) return false;  // bundled equipment in one position: kept in `other`
  group_->has_equipment = true;
  group_->id_as_written = segment.at(2);
  group_->id = without_blanks(segment.at(2));
  // The type as a code, or as plain text in the fourth component.
  group_->size_type = segment.at(3).empty() ? segment.at(3, 3) : segment.at(3);
  if (segment.at(6) == "5") group_->full = true;
  if (segment.at(6) == "4") group_->full = false;
  if (group_->id.empty())
    problems_.add(Kind::content, segment, fmt::format("\"{}\": no container number", segment.excerpt()));
  const bool plain = segment.at(1) == "CN" && group_->full.has_value();
  return plain && segment.at(5).empty() && !segment.has_more_from(7);
}

bool EdifactBayPlan::read_dangerous_goods(const EdifactSegment& segment) {
  std::vector<Member> goods;
  add_text(goods, "regulations", segment.at(1));
  goods.push_back({Text("class"), text_or_null(segment.at(2))});
  goods.push_back({Text("un"), text_or_null(segment.at(3))});
  add_text(goods, "page", segment.at(2, 1));
  if (const auto flash = number(segment, segment.at(4), "flash point")) {
    if (const auto celsius = to_celsius(*flash, segment.at(4, 1)))
      goods.push_back({Text("flashPointC"), Value(*celsius)});
  } else if (const auto old_flash = number(segment, segment.at(3, 1), "flash point")) {
    if (const auto celsius = to_celsius(*old_flash, segment.at(3, 2))) {
      goods.push_back({Text("flashPointC"), Value(*celsius)});
    }
  }
  add_text(goods, "packingGroup", segment.at(5));
  add_text(goods, "ems", segment.at(6));
  add_text(goods, "mfag", segment.at(7));
  goods.push_back({Text("segment"), Value(segment.number)});
  group_->dangerous_goods.push_back(Value::object(std::move(goods)));
  group_->in_dangerous_goods = true;
  return !segment.has_more_from(8);
}

bool EdifactBayPlan::read_text(const EdifactSegment& segment) {
  Value remark = Value::object({{"qualifier", segment.at(1)}, {"text", free_text(segment)}});
  if (!segment.at(3).empty()) remark = std::move(remark).with_member("code", segment.at(3));
  if (!group_->in_dangerous_goods || group_->dangerous_goods.empty()) {
    group_->remarks.push_back(std::move(remark));
  } else {
    Value& goods = group_->dangerous_goods.back();
    const Value* earlier = goods.find("remarks");
    Value remarks = earlier != nullptr ? *earlier : Value::array({});
    goods = std::move(goods).with_member("remarks", std::move(remarks).appended(std::move(remark)));
  }
  return !segment.has_more_from(5);
}

bool EdifactBayPlan::read_party(const EdifactSegment& segment) {
  if (segment.at(1) != "CA" || !group_->carrier.empty()) return false;
  group_->carrier = segment.at(2);
  return !segment.has_more_from(3);
}

bool EdifactBayPlan::read_reference(const EdifactSegment& segment) {
  const std::string_view qualifier = segment.at(1);
  if (qualifier.empty() || segment.at(1, 1).empty() || has_member(group_->references, qualifier)) return false;
  add_text(group_->references, qualifier, segment.at(1, 1));
  return segment.components(1) <= 2 && !segment.has_more_from(2);
}

void EdifactBayPlan::close_group() {
  if (!group_) return;
  Group group = std::move(*group_);
  group_.reset();
  const ContainerKeys& keys = container_keys();
  std::vector<Member> members;
  members.reserve(22);
  const auto add = [&](const Text& key, Value value) { members.push_back({key, std::move(value)}); };
  const auto place = [&](int StowagePosition::*part) {
    return group.position ? Value(*group.position.*part) : Value();
  };
  add(keys.slot, text_or_null(group.slot));
  add(keys.bay, place(&StowagePosition::bay));
  add(keys.row, place(&StowagePosition::row));
  add(keys.tier, place(&StowagePosition::tier));
  if (group.has_equipment) {
    add(keys.id, text_or_null(group.id));
    add(keys.id_as_written, text_or_null(group.id_as_written));
    add(keys.size_type, text_or_null(group.size_type));
    add(keys.full, group.full ? Value(*group.full) : Value());
  }
  add(keys.weight, number_or_null(group.weight));
  if (group.vgm) add(keys.vgm, Value(*group.vgm));
  add(keys.load, text_or_null(group.load));
  add(keys.discharge, text_or_null(group.discharge));
  if (!group.delivery.empty()) add(keys.delivery, Value(group.delivery));
  add(keys.carrier, text_or_null(group.carrier));
  if (group.temperature) add(keys.temperature, Value(*group.temperature));
  if (!group.temperature_range.empty()) add(keys.range, Value::object(std::move(group.temperature_range)));
  add(keys.dangerous, Value::array(std::move(group.dangerous_goods)));
  if (!group.overdimension.empty()) add(keys.over, Value::object(std::move(group.overdimension)));
  if (!group.remarks.empty()) add(keys.remarks, Value::array(std::move(group.remarks)));
  if (!group.references.empty()) add(keys.references, Value::object(std::move(group.references)));
  add(keys.segment, Value(group.segment));
  add(keys.other, Value::array(std::move(group.other)));
  // A position without equipment is reserved, blocked or holds break-bulk: listed apart, not among the containers.
  (group.has_equipment ? containers_ : empty_slots_).push_back(Value::object(std::move(members)));
}

void EdifactBayPlan::finish(std::vector<Member>& message) {
  close_group();
  const auto add = [&](std::string_view key, Value value) { message.push_back({Text(key), std::move(value)}); };
  add("vessel", Value::object(std::move(vessel_)));
  add("departurePort", text_or_null(departure_port_));
  add("nextPort", text_or_null(next_port_));
  add("times", Value::object(std::move(times_)));
  add("containerCount", Value(containers_.size()));
  add("containers", Value::array(std::move(containers_)));
  add("emptySlots", Value::array(std::move(empty_slots_)));
  add("header", Value::array(std::move(header_)));
  std::vector<Member> others;
  for (const auto& [tag, count] : other_counts_) others.push_back({Text(tag), Value(count)});
  add("otherSegments", Value::object(std::move(others)));
}

}  // namespace gantry::tool

#include "tool/edifact_interchange.h"

#include <fmt/format.h>

#include <algorithm>

namespace gantry::tool {
namespace {

using Kind = EdifactProblemKind;

bool is_valid_tag(std::string_view tag) {
  const auto letter_or_digit = [](char byte) { return (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9'); };
  return tag.size() == 3 && tag[0] >= 'A' && tag[0] <= 'Z' && std::all_of(tag.begin(), tag.end(), letter_or_digit);
}

bool is_envelope(std::string_view tag) {
  return tag == "UNB" || tag == "UNZ" || tag == "UNG" || tag == "UNE" || tag == "UNH" || tag == "UNT" || tag == "UNA";
}

void add_if_present(std::vector<Member>& members, std::string_view key, std::string_view text) {
  if (!text.empty()) members.push_back({Text(key), Value(text)});
}

Value null_if_empty(std::string_view text) {
  return text.empty() ? Value() : Value(text);
}

Value count_or_null(const std::optional<std::size_t>& count) {
  return count ? Value(*count) : Value();
}

// UNB carries YYMMDD:HHMM, since syntax version 4 CCYYMMDD:HHMM.
std::optional<std::string> preparation_time(std::string_view date, std::string_view time) {
  const std::string text = std::string(date) + std::string(time);
  return parse_edifact_time(text, date.size() == 8 ? "203" : "201");
}

}  // namespace

void EdifactInterchange::structure_problem(const EdifactSegment& segment, std::string message) {
  problems_.add(Kind::structure, segment, std::move(message));
}

Status EdifactInterchange::take(EdifactSegment& segment, char decimal_mark) {
  last_segment_ = segment.number;
  last_offset_ = segment.offset;
  TRY(check_text(segment));
  if (closed_) {
    if (after_end_++ == 0) structure_problem(segment, "data follows the end of the interchange (UNZ); it is not read");
  } else if (is_envelope(segment.tag())) {
    take_envelope(segment, decimal_mark);
  } else if (message_) {
    take_in_message(segment);
  } else {
    take_outside(segment);
  }
  return done();
}

Status EdifactInterchange::check_text(EdifactSegment& segment) {
  // UNB names the character set, so it must be known before the segment's own text is looked at.
  if (segment.tag() == "UNB" && !opened_) {
    const std::string_view syntax = segment.at(1);
    if (syntax == "UNOA") {
      charset_ = Charset::level_a;
    } else if (syntax == "UNOB") {
      charset_ = Charset::level_b;
    } else if (syntax == "UNOC") {
      charset_ = Charset::latin1;
    } else if (syntax == "UNOW" || syntax == "UNOY") {
      charset_ = Charset::utf8;
    } else {
      charset_ = Charset::latin1;
      problems_.add(Kind::charset, segment,
                    fmt::format("character set \"{}\" is not supported (UNOA, UNOB, UNOC, UNOW and UNOY are); "
                                "read as ISO 8859-1",
                                segment.excerpt().substr(0, 12)));
    }
  }
  check_charset(segment);
  if (is_valid_tag(segment.tag())) return done();
  structure_problem(
      segment, fmt::format("\"{}\" does not start with a segment tag: three capitals or digits", segment.excerpt()));
  if (++malformed_ > limits_.malformed_segments_max) {
    return Error{Code::invalid_argument,
                 fmt::format("edifact: {} segments without a valid tag up to segment {} at byte {}: this is no EDIFACT",
                             malformed_, segment.number, segment.offset)};
  }
  return done();
}

void EdifactInterchange::check_charset(EdifactSegment& segment) {
  constexpr std::size_t nowhere = EdifactSegment::nowhere;
  std::size_t offset = nowhere;
  const char* level = "";
  if (charset_ == Charset::level_a) {
    offset = segment.beyond_level_a;
    level = "UNOA";
  } else if (charset_ == Charset::level_b) {
    offset = segment.beyond_level_b;
    level = "UNOB";
  }
  if (offset != nowhere) {
    problems_.add(Kind::charset, segment.number, offset,
                  fmt::format("\"{}\" has a character that {} does not have", segment.excerpt(), level));
  }
  if (segment.line_break != nowhere) {
    problems_.add(Kind::charset, segment.number, segment.line_break,
                  fmt::format("a line break inside the segment \"{}\"", segment.excerpt()));
  }
  if (segment.beyond_ascii == nowhere) return;
  if (charset_ == Charset::utf8) {
    segment.replace_invalid_utf8();
  } else {
    segment.convert_from_latin1();
  }
}

void EdifactInterchange::take_envelope(const EdifactSegment& segment, char decimal_mark) {
  const std::string_view tag = segment.tag();
  if (tag == "UNB") return open_interchange(segment);
  if (tag == "UNH") return open_message(segment, decimal_mark);
  if (tag == "UNT") return close_message(segment);
  if (tag == "UNG") return open_group(segment);
  if (tag == "UNE") return close_group(segment);
  if (tag == "UNZ") return close_interchange(segment);
  structure_problem(segment, "UNA stands inside the interchange; only the first bytes of the input may be UNA");
  take_outside(segment);
}

void EdifactInterchange::take_outside(const EdifactSegment& segment) {
  other_.push_back(segment.to_value());
  if (is_valid_tag(segment.tag()) && !is_envelope(segment.tag())) {
    structure_problem(segment, fmt::format("\"{}\" stands outside of any message", segment.excerpt()));
  }
}

void EdifactInterchange::open_interchange(const EdifactSegment& segment) {
  if (opened_ || headerless_) {
    structure_problem(segment, "a second interchange header UNB; it is ignored, its messages are read on");
    return take_outside(segment);
  }
  opened_ = true;
  add_if_present(interchange_, "syntax", segment.at(1));
  if (const auto version = parse_edifact_number(segment.at(1, 1), '.')) {
    interchange_.push_back({Text("syntaxVersion"), Value(*version)});
  }
  interchange_.push_back({Text("sender"), null_if_empty(segment.at(2))});
  add_if_present(interchange_, "senderQualifier", segment.at(2, 1));
  interchange_.push_back({Text("recipient"), null_if_empty(segment.at(3))});
  add_if_present(interchange_, "recipientQualifier", segment.at(3, 1));
  if (const auto time = preparation_time(segment.at(4), segment.at(4, 1))) {
    interchange_.push_back({Text("preparedAt"), Value(*time)});
  } else {
    problems_.add(Kind::content, segment,
                  fmt::format("\"{}\": no valid date and time of preparation", segment.excerpt()));
  }
  control_reference_ = segment.at(5);
  if (control_reference_.empty()) structure_problem(segment, "UNB has no interchange control reference");
  interchange_.push_back({Text("reference"), null_if_empty(control_reference_)});
  if (segment.at(11) == "1") interchange_.push_back({Text("test"), Value(true)});
  Value header = segment.to_value();
  // The sixth element may hold a password, which must not travel with the data.
  if (!segment.at(6).empty()) header = std::move(header).with_item(6, Value::array({Value("***")}));
  interchange_.push_back({Text("header"), std::move(header)});
}

std::optional<std::size_t> EdifactInterchange::declared_count(const EdifactSegment& segment) {
  const auto number = parse_edifact_number(segment.at(1), '.');
  if (number && *number >= 0 && *number <= 1e9) return static_cast<std::size_t>(*number);
  structure_problem(segment, fmt::format("\"{}\": the count is no number", segment.excerpt()));
  return std::nullopt;
}

void EdifactInterchange::close_interchange(const EdifactSegment& segment) {
  if (message_) abandon_message(segment.number, segment.offset, "UNZ");
  closed_ = true;
  declared_message_count_ = declared_count(segment);
  // With functional groups UNZ counts the groups, else the messages.
  const std::size_t found = group_count_ > 0 ? group_count_ : messages_.size();
  if (declared_message_count_ && *declared_message_count_ != found) {
    structure_problem(segment, fmt::format("UNZ declares {} {}, found {}", *declared_message_count_,
                                           group_count_ > 0 ? "functional groups" : "messages", found));
  }
  if (!opened_) {
    structure_problem(segment, "UNZ ends an interchange that no UNB started");
  } else if (segment.at(2) != control_reference_) {
    structure_problem(
        segment, fmt::format("UNZ has the control reference \"{}\", UNB \"{}\"", segment.at(2), control_reference_));
  }
}

void EdifactInterchange::open_group(const EdifactSegment& segment) {
  if (message_) abandon_message(segment.number, segment.offset, "UNG");
  if (in_group_) structure_problem(segment, "UNG starts a functional group before the last one ended (UNE)");
  in_group_ = true;
  ++group_count_;
  group_reference_ = segment.at(5);
  group_start_messages_ = messages_.size();
  other_.push_back(segment.to_value());
}

void EdifactInterchange::close_group(const EdifactSegment& segment) {
  if (message_) abandon_message(segment.number, segment.offset, "UNE");
  if (!in_group_) {
    structure_problem(segment, "UNE ends a functional group that no UNG started");
    return take_outside(segment);
  }
  in_group_ = false;
  const std::size_t found = messages_.size() - group_start_messages_;
  const auto declared = declared_count(segment);
  if (declared && *declared != found) {
    structure_problem(segment, fmt::format("UNE declares {} messages, found {}", *declared, found));
  }
  if (segment.at(2) != group_reference_) structure_problem(segment, "UNE and UNG have different group references");
}

void EdifactInterchange::open_message(const EdifactSegment& segment, char decimal_mark) {
  if (message_) abandon_message(segment.number, segment.offset, "another UNH");
  if (!opened_ && !headerless_) {
    headerless_ = true;
    structure_problem(segment, "the message stands alone: there is no interchange header (UNB)");
  }
  EdifactMessage& message = message_.emplace();
  message.reference = segment.at(1);
  message.type = segment.at(2);
  message.version = segment.at(2, 1);
  message.release = segment.at(2, 2);
  message.agency = segment.at(2, 3);
  message.association = segment.at(2, 4);
  message.segment = segment.number;
  message.offset = segment.offset;
  message.segment_count = 1;
  if (message.reference.empty()) structure_problem(segment, "UNH has no message reference");
  if (message.type.empty()) structure_problem(segment, "UNH has no message type");
  if (message.type == "BAPLIE") message.bay_plan.emplace(problems_, decimal_mark);
}

void EdifactInterchange::take_in_message(const EdifactSegment& segment) {
  EdifactMessage& message = *message_;
  ++message.segment_count;
  if (segment.tag() == "BGM" && message.document.empty()) {
    add_if_present(message.document, "code", segment.at(1));
    // 91.1 and D.95B put the number in the second element itself.
    add_if_present(message.document, "number", segment.at(2));
    add_if_present(message.document, "function", segment.at(3));
  }
  if (message.bay_plan) {
    message.bay_plan->take(segment);
  } else {
    message.segments.push_back(segment.to_value());
  }
}

void EdifactInterchange::close_message(const EdifactSegment& segment) {
  if (!message_) {
    structure_problem(segment, "UNT ends a message that no UNH started");
    return take_outside(segment);
  }
  EdifactMessage& message = *message_;
  ++message.segment_count;
  message.complete = true;
  message.declared_segment_count = declared_count(segment);
  if (message.declared_segment_count && *message.declared_segment_count != message.segment_count) {
    structure_problem(segment, fmt::format("UNT declares {} segments in message \"{}\", found {}",
                                           *message.declared_segment_count, message.reference, message.segment_count));
  }
  if (segment.at(2) != message.reference) {
    structure_problem(
        segment, fmt::format("UNT has the message reference \"{}\", UNH \"{}\"", segment.at(2), message.reference));
  }
  store_message();
}

void EdifactInterchange::abandon_message(std::size_t segment, std::size_t offset, const char* reason) {
  problems_.add(Kind::structure, segment, offset,
                fmt::format("{} comes before message \"{}\" of segment {} ended (UNT)", reason, message_->reference,
                            message_->segment));
  store_message();
}

void EdifactInterchange::store_message() {
  EdifactMessage message = std::move(*message_);
  message_.reset();
  std::vector<Member> members;
  const auto add = [&](std::string_view key, Value value) { members.push_back({Text(key), std::move(value)}); };
  add("reference", null_if_empty(message.reference));
  add("type", null_if_empty(message.type));
  add("version", null_if_empty(message.version));
  add("release", null_if_empty(message.release));
  add("agency", null_if_empty(message.agency));
  add("association", null_if_empty(message.association));
  add("segment", Value(message.segment));
  add("segmentCount", Value(message.segment_count));
  add("declaredSegmentCount", count_or_null(message.declared_segment_count));
  add("complete", Value(message.complete));
  add("document", Value::object(std::move(message.document)));
  if (message.bay_plan) {
    container_count_ += message.bay_plan->container_count();
    message.bay_plan->finish(members);
  } else {
    add("segments", Value::array(std::move(message.segments)));
  }
  messages_.push_back(Value::object(std::move(members)));
}

void EdifactInterchange::take_cut(EdifactSegment* segment, bool dangling_release) {
  if (segment == nullptr) return;
  problems_.add(Kind::structure, *segment,
                fmt::format("the input is cut: it ends inside the segment \"{}\", without its terminator{}",
                            segment->excerpt(), dangling_release ? " and right after a release character" : ""));
  check_charset(*segment);
  if (!closed_) other_.push_back(segment->to_value());
}

Value EdifactInterchange::finish(std::size_t bytes, std::size_t segments) {
  if (message_) abandon_message(last_segment_, last_offset_, "the end of the input");
  if (in_group_) problems_.add(Kind::structure, last_segment_, last_offset_, "the last functional group has no UNE");
  if (opened_ && !closed_) {
    problems_.add(Kind::structure, last_segment_, last_offset_, "the interchange has no end (UNZ): the input is cut");
  }
  if (messages_.empty()) problems_.add(Kind::structure, last_segment_, last_offset_, "the input has no message (UNH)");
  interchange_.push_back({Text("messageCount"), Value(messages_.size())});
  interchange_.push_back({Text("declaredMessageCount"), count_or_null(declared_message_count_)});

  Value counts = Value::object({{"bytes", bytes},
                                {"segments", segments},
                                {"messages", messages_.size()},
                                {"containers", container_count_},
                                {"problems", problems_.count()},
                                {"structureProblems", problems_.count(Kind::structure)},
                                {"charsetProblems", problems_.count(Kind::charset)},
                                {"contentProblems", problems_.count(Kind::content)},
                                {"segmentsAfterEnd", after_end_}});
  return Value::object({{"interchange", Value::object(std::move(interchange_))},
                        {"messages", Value::array(std::move(messages_))},
                        {"problems", problems_.to_value()},
                        {"counts", std::move(counts)},
                        {"other", Value::array(std::move(other_))}});
}

}  // namespace gantry::tool

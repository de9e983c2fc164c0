#include "tool/edifact_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>

namespace gantry::tool {
namespace {

constexpr std::string_view default_advice = ":+.? '";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// ISO 9735, level A and what level B adds. The four default service characters belong to both.
bool in_level_a(unsigned char byte) {
  if ((byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9')) return true;
  return byte != 0 && std::string_view(" .,-()/='+:?!\"%&*;<>").find(static_cast<char>(byte)) != std::string_view::npos;
}
bool in_level_b(unsigned char byte) {
  return in_level_a(byte) || (byte >= 'a' && byte <= 'z');
}

struct CharacterTable {
  std::array<std::uint8_t, 256> beyond{};  // 1: not in level A, 2: not in level B, 4: not ASCII text
  CharacterTable() {
    for (unsigned byte = 0; byte < 256; ++byte) {
      const auto character = static_cast<unsigned char>(byte);
      beyond[byte] = static_cast<std::uint8_t>((in_level_a(character) ? 0 : 1) | (in_level_b(character) ? 0 : 2) |
                                               (character >= 0x80 ? 4 : 0));
    }
  }
};
const CharacterTable character_table;

std::string printable(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    if (byte >= 0x20 && byte < 0x7F) {
      text += byte;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  return text;
}

}  // namespace

EdifactTokenizer::EdifactTokenizer(const EdifactLimits& limits, Sink sink) : limits_(limits), sink_(std::move(sink)) {
  set_separators(default_advice);
}

// `advice` is what follows UNA: component, element, decimal mark, release, reserved, terminator.
void EdifactTokenizer::set_separators(std::string_view advice) {
  classes_.fill(ByteClass::text);
  const auto set = [&](char byte, ByteClass byte_class) { classes_[static_cast<unsigned char>(byte)] = byte_class; };
  set('\r', ByteClass::line_break);
  set('\n', ByteClass::line_break);
  // A blank in the place of the release character says that there is none.
  if (advice[3] != ' ') set(advice[3], ByteClass::release);
  set(advice[0], ByteClass::component);
  set(advice[1], ByteClass::element);
  set(advice[5], ByteClass::terminator);
  decimal_mark_ = advice[2];
}

Status EdifactTokenizer::feed(std::string_view chunk) {
  if (chunk.size() > limits_.bytes_max - std::min(limits_.bytes_max, position_)) {
    return Error{Code::exhausted, fmt::format("edifact: the input is larger than {} bytes", limits_.bytes_max)};
  }
  TRY(begin(chunk));
  for (const char byte : chunk) TRY(take(byte));
  return done();
}

// Takes the first bytes off `chunk`, until it is known whether this is EDIFACT and with which separators.
Status EdifactTokenizer::begin(std::string_view& chunk) {
  while (start_ != Start::done && !chunk.empty()) {
    const char byte = chunk.front();
    chunk.remove_prefix(1);
    ++position_;
    if (start_ == Start::blank) {
      const bool mark = position_ <= byte_order_mark.size() && byte == byte_order_mark[position_ - 1];
      if (mark || byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') continue;
      start_ = Start::letters;
      prefix_offset_ = position_ - 1;
    }
    prefix_ += byte;
    TRY(finish_start());
  }
  return done();
}

Status EdifactTokenizer::finish_start() {
  if (start_ == Start::letters && prefix_.size() == 3) {
    if (prefix_ == "UNA") {
      start_ = Start::advice;
    } else if (prefix_ == "UNB" || prefix_ == "UNH") {
      start_ = Start::done;
      open_segment(prefix_offset_);
      for (const char byte : prefix_) take_text(byte);
    } else {
      return Error{Code::invalid_argument,
                   fmt::format("edifact: this is no EDIFACT: byte {} starts with \"{}\", expected UNA, UNB or UNH",
                               prefix_offset_, printable(prefix_))};
    }
  } else if (start_ == Start::advice && prefix_.size() == 9) {
    const std::string advice = prefix_.substr(3);
    // The decimal mark is no separator; the other four must differ or nothing can be told apart.
    const std::string used = {advice[0], advice[1], advice[3], advice[5]};
    for (std::size_t at = 0; at < used.size(); ++at) {
      const bool alphanumeric = std::isalnum(static_cast<unsigned char>(used[at])) != 0;
      if (used.find(used[at], at + 1) != std::string::npos || alphanumeric) {
        return Error{Code::invalid_argument, fmt::format("edifact: the separators \"{}\" of UNA at byte {} are not "
                                                         "usable: they must differ and be no letters or digits",
                                                         printable(advice), prefix_offset_)};
      }
    }
    set_separators(advice);
    start_ = Start::done;
  }
  return done();
}

Status EdifactTokenizer::take(char byte) {
  const std::size_t offset = position_++;
  const ByteClass byte_class = released_ ? ByteClass::text : classes_[static_cast<unsigned char>(byte)];
  if (!in_segment_) {
    if (byte_class == ByteClass::line_break || byte == ' ' || byte == '\t') return done();
    open_segment(offset);
  }
  switch (byte_class) {
    case ByteClass::text:
      if (released_ && (byte == '\r' || byte == '\n')) segment_.line_break = std::min(segment_.line_break, offset);
      take_text(byte);
      released_ = false;
      break;
    case ByteClass::component:
      segment_.end_component();
      break;
    case ByteClass::element:
      segment_.end_component();
      segment_.end_element();
      break;
    case ByteClass::release:
      released_ = true;
      break;
    case ByteClass::terminator:
      return end_segment();
    case ByteClass::line_break:
      // Some systems wrap the text at a fixed width: the break is no data. The message layer reports it.
      segment_.line_break = std::min(segment_.line_break, offset);
      break;
  }
  if (position_ - segment_.offset > limits_.segment_bytes_max) {
    return Error{Code::exhausted, fmt::format("edifact: segment {} at byte {} has no terminator within {} bytes",
                                              segment_.number, segment_.offset, limits_.segment_bytes_max)};
  }
  return done();
}

void EdifactTokenizer::take_text(char byte) {
  const std::uint8_t beyond = character_table.beyond[static_cast<unsigned char>(byte)];
  if (beyond != 0) {
    const std::size_t offset = position_ - 1;
    if ((beyond & 1) != 0) segment_.beyond_level_a = std::min(segment_.beyond_level_a, offset);
    if ((beyond & 2) != 0) segment_.beyond_level_b = std::min(segment_.beyond_level_b, offset);
    if ((beyond & 4) != 0) segment_.beyond_ascii = std::min(segment_.beyond_ascii, offset);
  }
  segment_.append(byte);
}

void EdifactTokenizer::open_segment(std::size_t offset) {
  segment_.clear();
  segment_.offset = offset;
  segment_.number = ++segment_count_;
  in_segment_ = true;
}

Status EdifactTokenizer::end_segment() {
  segment_.end_component();
  segment_.end_element();
  in_segment_ = false;
  component_count_ += segment_.component_count();
  if (segment_count_ > limits_.segments_max || component_count_ > limits_.components_max) {
    return Error{Code::exhausted, fmt::format("edifact: more than {} segments or {} data elements, reached at byte {}",
                                              limits_.segments_max, limits_.components_max, segment_.offset)};
  }
  return sink_(segment_);
}

Result<EdifactTokenizer::Tail> EdifactTokenizer::finish() {
  if (start_ != Start::done) {
    if (prefix_.empty()) return Error{Code::invalid_argument, "edifact: the input is empty"};
    return Error{Code::invalid_argument,
                 fmt::format("edifact: the input ends after {} bytes, inside the first segment", position_)};
  }
  Tail tail{.cut = in_segment_, .dangling_release = released_};
  if (in_segment_) {
    segment_.end_component();
    segment_.end_element();
    tail.segment = &segment_;
  }
  return tail;
}

}  // namespace gantry::tool

// One EDIFACT segment: a tag and data elements, each of one or more components. Element 0 is the tag.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "value/value.h"

namespace gantry::tool {

class EdifactSegment {
 public:
  static constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

  std::size_t number = 0;  // from 1
  std::size_t offset = 0;  // of its first byte in the input
  // Where the first byte stands that syntax level A, level B, and ASCII do not have; `nowhere` if all are fine.
  std::size_t beyond_level_a = nowhere, beyond_level_b = nowhere, beyond_ascii = nowhere;
  std::size_t line_break = nowhere;  // a line break inside the segment, which was left out

  std::string_view tag() const { return at(0); }
  std::size_t size() const { return elements_.size(); }  // elements, the tag included
  std::size_t components(std::size_t element) const;
  // The text of a component; empty when absent.
  std::string_view at(std::size_t element, std::size_t component = 0) const;
  // Whether anything but empty text stands at `element` or after it.
  bool has_more_from(std::size_t element) const;
  bool is(std::string_view tag_text, std::string_view first) const { return tag() == tag_text && at(1) == first; }

  // ["EQD", ["CN"], ["FCIU9908030"], ...]; `others` as a whole is one array of these.
  Value to_value() const;
  // As it stood in the input, with default separators, shortened for a message.
  std::string excerpt() const;
  // Rewrites the text to UTF-8.
  void convert_from_latin1();
  void replace_invalid_utf8();

  // For the tokenizer.
  void clear();
  void append(char byte) { text_.push_back(byte); }
  void end_component() { components_.push_back(static_cast<std::uint32_t>(text_.size())); }
  void end_element() { elements_.push_back(static_cast<std::uint32_t>(components_.size())); }
  std::size_t component_count() const { return components_.size(); }
  std::size_t bytes() const { return text_.size(); }

 private:
  template <class Convert>
  void rewrite(const Convert& convert);

  std::string text_;                       // all components, one after the other
  std::vector<std::uint32_t> components_;  // end of each component in text_
  std::vector<std::uint32_t> elements_;    // end of each element in components_
};

}  // namespace gantry::tool

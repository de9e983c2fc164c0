#include "tool/edifact_segment.h"

#include <utility>

#include "value/utf8.h"

namespace gantry::tool {
namespace {

constexpr std::size_t excerpt_bytes_max = 60;

}  // namespace

std::size_t EdifactSegment::components(std::size_t element) const {
  if (element >= elements_.size()) return 0;
  return elements_[element] - (element == 0 ? 0 : elements_[element - 1]);
}

std::string_view EdifactSegment::at(std::size_t element, std::size_t component) const {
  if (component >= components(element)) return {};
  const std::size_t index = (element == 0 ? 0 : elements_[element - 1]) + component;
  const std::size_t start = index == 0 ? 0 : components_[index - 1];
  return std::string_view(text_).substr(start, components_[index] - start);
}

bool EdifactSegment::has_more_from(std::size_t element) const {
  for (std::size_t e = element; e < size(); ++e) {
    for (std::size_t c = 0; c < components(e); ++c) {
      if (!at(e, c).empty()) return true;
    }
  }
  return false;
}

Value EdifactSegment::to_value() const {
  std::vector<Value> elements;
  elements.reserve(size());
  elements.emplace_back(tag());
  for (std::size_t e = 1; e < size(); ++e) {
    std::vector<Value> parts;
    parts.reserve(components(e));
    for (std::size_t c = 0; c < components(e); ++c) parts.emplace_back(at(e, c));
    elements.push_back(Value::array(std::move(parts)));
  }
  return Value::array(std::move(elements));
}

std::string EdifactSegment::excerpt() const {
  std::string text;
  for (std::size_t e = 0; e < size() && text.size() <= excerpt_bytes_max; ++e) {
    if (e > 0) text += '+';
    for (std::size_t c = 0; c < components(e); ++c) {
      if (c > 0) text += ':';
      for (const char byte : at(e, c)) {
        // Only printable ASCII: an excerpt ends up in messages and must be valid UTF-8 whatever the input was.
        text += byte >= 0x20 && byte < 0x7F ? byte : '.';
      }
    }
  }
  if (text.size() > excerpt_bytes_max) text = text.substr(0, excerpt_bytes_max) + "...";
  return text;
}

template <class Convert>
void EdifactSegment::rewrite(const Convert& convert) {
  std::string rewritten;
  std::size_t start = 0;
  for (auto& end : components_) {
    convert(rewritten, std::string_view(text_).substr(start, end - start));
    start = std::exchange(end, static_cast<std::uint32_t>(rewritten.size()));
  }
  text_ = std::move(rewritten);
}

void EdifactSegment::convert_from_latin1() {
  rewrite([](std::string& out, std::string_view component) {
    // ISO 8859-1 is the first 256 code points.
    for (const char byte : component) append_utf8(out, static_cast<unsigned char>(byte));
  });
}

void EdifactSegment::replace_invalid_utf8() {
  rewrite([](std::string& out, std::string_view component) {
    while (const auto bad = find_bad_utf8(component)) {
      out += component.substr(0, *bad);
      append_utf8(out, 0xFFFD);
      component.remove_prefix(*bad + 1);
    }
    out += component;
  });
}

void EdifactSegment::clear() {
  text_.clear();
  components_.clear();
  elements_.clear();
  beyond_level_a = beyond_level_b = beyond_ascii = line_break = nowhere;
}

}  // namespace gantry::tool

// Fills a SourceMap while a document is read in order: `enter` and `leave` follow the nesting.
#pragma once

#include <string>
#include <string_view>

#include "value/yaml.h"

namespace gantry {

class PlaceRecorder {
 public:
  // The child of the current value with this name or index; it becomes the current value.
  void enter(std::string_view name, SourcePlace key, SourcePlace value, bool block_text);
  void enter(std::size_t index, SourcePlace value, bool block_text);
  void enter_root(SourcePlace value, bool block_text) { record({value, value, block_text}); }
  // Back to the parent, whose pointer had this size.
  std::size_t pointer_size() const { return pointer_.size(); }
  void leave(std::size_t parent_pointer_size) { pointer_.resize(parent_pointer_size); }

  SourceMap take() { return std::move(source_); }

 private:
  // Pointers repeat the names of all parents: a small document can be made to have huge ones.
  static constexpr std::size_t pointer_bytes_max = 32u << 20;
  void record(const SourceMap::Places& places);

  SourceMap source_;
  std::string pointer_;
  std::size_t pointer_bytes_ = 0;
};

// The places in a text that parse_json accepts.
SourceMap json_places(std::string_view text);

}  // namespace gantry

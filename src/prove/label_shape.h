// Upper bounds of the labels that a value may have: of itself, and of each field that is told apart.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "value/label.h"

namespace gantry::prove {

struct LabelShape {
  Label node;  // of the value itself, whatever it is
  // Of an object or list as such: its keys, its length, what reading a member gives that is not there. No worse than
  // the label of any member that is there: results have the label that holds for all in them (gate/result_labels.h).
  Label structure;
  Label if_null;  // of the value, where it is null
  Label rest;     // of all in it that is not under `fields`
  std::map<std::string, std::shared_ptr<const LabelShape>> fields;  // members of an object

  static LabelShape all(Label label) { return {.node = label, .structure = {}, .if_null = {}, .rest = label, .fields = {}}; }
  // Of the value with all that is in it; `deep_not_null` where it is known not to be null.
  Label deep() const;
  Label deep_not_null() const;
  LabelShape field(std::string_view name) const;  // of what `.name` gives
  LabelShape within(Label label) const;           // the same, and this as well on the whole
  LabelShape cut(std::size_t levels) const;       // the same or worse, with so many levels of fields
  bool operator==(const LabelShape& other) const;
};
LabelShape join(const LabelShape& left, const LabelShape& right);

// Any label at all, as far as a Label can say that: its source is "unknown", and it may be in any compartment.
bool is_anything(const LabelContent& content);

}  // namespace gantry::prove

// YAML 1.2 (core schema) into a Value, with the place of every key and value kept for error messages.
// yaml-cpp reads the syntax; the core schema's rules are ours: `on`, `yes`, `no` are strings, 0o17 and 0x1F are
// integers, 1.0 a number. Keys must be strings (a plain scalar key is taken as text: `200:` is "200").
// "<<" is a key like any other. Refused with a clear message: tags other than the core ones, duplicate keys, keys that
// are lists or maps, no document or more than one, aliases that expand beyond the limits (alias bombs), NaN and
// infinity.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "value/json.h"

namespace gantry {

struct SourcePlace {
  int line = 1;    // from 1
  int column = 1;  // from 1, in bytes
  bool operator==(const SourcePlace&) const = default;
};

// Places by JSON pointer: of the value, and of its key where it has one (items of lists: the value's place again).
// What stands below an alias has the place of the alias. In a document whose pointers are absurdly long, the places of
// the later ones are missing and those of their parents are given.
struct SourceMap {
  struct Places {
    SourcePlace key;
    SourcePlace value;
    bool block_text = false;  // value is a literal/folded block scalar: its text starts on the line after `value`
  };
  std::map<std::string, Places, std::less<>> places;
  // The place of the pointer, or of its nearest parent that has one.
  SourcePlace value_at(std::string_view pointer) const;
  SourcePlace key_at(std::string_view pointer) const;
};

struct YamlDocument {
  Value root;
  SourceMap source;
};

struct YamlError {
  SourcePlace place;
  std::string message;
};

// JSON is accepted too, since it is YAML. The limits hold for the document after its aliases are expanded. Never
// throws.
std::variant<YamlDocument, YamlError> parse_yaml(std::string_view text,
                                                 const ParseLimits& limits = {
                                                     .bytes_max = 8u << 20, .depth_max = 128, .nodes_max = 1'000'000});

}  // namespace gantry

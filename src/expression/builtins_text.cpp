// Functions of strings and of JSON text.
#include <algorithm>
#include <cmath>

#include "expression/builtins.h"
#include "expression/formats.h"
#include "expression/messages.h"
#include "expression/operators.h"
#include "expression/paths.h"
#include "value/json.h"
#include "value/utf8.h"

namespace gantry::expression {
namespace {

constexpr std::size_t json_depth_max = 10'000;

Got give(Machine& machine, Value& output, std::string_view text) {
  if (!machine.use_memory(text.size())) return Got::failed;
  output = Value(text);
  return Got::value;
}

Got to_text(Machine& machine, Value input, Value*, Value& output) {
  output = text_of(input);
  return input.is_string() || machine.use_memory(output.size()) ? Got::value : Got::failed;
}

Got to_json(Machine& machine, Value input, Value*, Value& output) {
  if (machine.is_too_deep(input)) return machine.fail("the value is nested too deeply to be printed");
  return give(machine, output, print_json(input));
}

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

// JSON, and like jq also nan.
Got from_json(Machine& machine, Value input, Value*, Value& output) {
  if (!input.is_string()) return machine.fail(kind_and_brief(input) + " only strings can be parsed", about(input));
  std::string_view text = without_blanks(input.as_string());
  if (text == "nan" || text == "NaN" || text == "-nan" || text == "-NaN") {
    output = Value(std::nan(""));
    return Got::value;
  }
  JsonOptions options;
  options.limits.depth_max = std::min(machine.limits().depth_max, json_depth_max);
  options.limits.bytes_max = machine.limits().memory_bytes_max;
  if (!machine.use_memory(2 * text.size()) || !machine.use_steps(text.size() / 16)) return Got::failed;
  auto parsed = parse_json(text, options);
  if (!parsed) {
    if (parsed.error().code == Code::exhausted)
      return machine.fail("Exceeds depth limit for parsing (" + parsed.error().message + ")");
    return machine.fail(parsed.error().message + " (while parsing '" +
                        std::string(text.substr(0, byte_offset(text, 200))) + "')");
  }
  output = *std::move(parsed);
  machine.note_parsed(output);
  return Got::value;
}

bool is_number_text(std::string_view text) {
  std::size_t at = 0;
  auto digits = [&] {
    std::size_t from = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - from;
  };
  if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
  std::size_t whole = digits(), fraction = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    fraction = digits();
  }
  if (whole + fraction == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

Got to_number(Machine& machine, Value input, Value*, Value& output) {
  if (input.is_number()) {
    output = std::move(input);
    return Got::value;
  }
  std::string_view text = input.is_string() ? input.as_string() : std::string_view();
  if (text == "nan") {
    output = Value(std::nan(""));
    return Got::value;
  }
  if (!is_number_text(text)) return machine.fail(kind_and_brief(input) + " cannot be parsed as a number", about(input));
  if (text.front() == '+') text.remove_prefix(1);
  if (auto parsed = parse_json(text)) {
    output = *std::move(parsed);
    return Got::value;
  }
  output = Value(std::strtod(std::string(text).c_str(), nullptr));  // .5 and 007
  return Got::value;
}

Got to_boolean(Machine& machine, Value input, Value*, Value& output) {
  if (input.is_boolean()) {
    output = std::move(input);
  } else if (input.is_string() && (input.as_string() == "true" || input.as_string() == "false")) {
    output = Value(input.as_string() == "true");
  } else {
    return machine.fail(kind_and_brief(input) + " cannot be parsed as a boolean", about(input));
  }
  return Got::value;
}

Got starts_with(Machine& machine, Value input, Value* arguments, Value& output) {
  if (!input.is_string() || !arguments[0].is_string()) return machine.fail("startswith() requires string inputs");
  output = Value(input.as_string().substr(0, arguments[0].size()) == arguments[0].as_string());
  return Got::value;
}

bool has_ending(std::string_view text, std::string_view ending) {
  return text.size() >= ending.size() && text.substr(text.size() - ending.size()) == ending;
}

Got ends_with(Machine& machine, Value input, Value* arguments, Value& output) {
  if (!input.is_string() || !arguments[0].is_string()) return machine.fail("endswith() requires string inputs");
  output = Value(has_ending(input.as_string(), arguments[0].as_string()));
  return Got::value;
}

Got trim_text(Machine& machine, const Value& input, const Value& piece, bool left, bool right, Value& output) {
  if (!input.is_string() || !piece.is_string())
    return machine.fail(left ? "startswith() requires string inputs" : "endswith() requires string inputs");
  std::string_view text = input.as_string(), ends = piece.as_string();
  if (left && text.substr(0, ends.size()) == ends) text.remove_prefix(ends.size());
  if (right && has_ending(text, ends)) text.remove_suffix(ends.size());
  return give(machine, output, text);
}
Got trim_left_text(Machine& m, Value input, Value* arguments, Value& output) {
  return trim_text(m, input, arguments[0], true, false, output);
}
Got trim_right_text(Machine& m, Value input, Value* arguments, Value& output) {
  return trim_text(m, input, arguments[0], false, true, output);
}
Got trim_both_text(Machine& m, Value input, Value* arguments, Value& output) {
  return trim_text(m, input, arguments[0], true, true, output);
}

bool is_blank_character(std::uint32_t code) {
  return (code >= 0x09 && code <= 0x0D) || code == 0x20 || code == 0x85 || code == 0xA0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F ||
         code == 0x3000;
}

Got trim_blanks(Machine& machine, const Value& input, bool left, bool right, Value& output) {
  if (!input.is_string()) return machine.fail("trim input must be a string");
  std::string_view text = input.as_string();
  std::size_t begin = 0, end = text.size();
  while (left && begin < end) {
    std::string_view rest = text.substr(begin);
    std::size_t before = rest.size();
    if (!is_blank_character(take_character(rest))) break;
    begin += before - rest.size();
  }
  while (right && end > begin) {
    std::size_t start = end - 1;
    while (start > begin && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
    std::string_view last = text.substr(start, end - start);
    if (!is_blank_character(take_character(last))) break;
    end = start;
  }
  return give(machine, output, text.substr(begin, end - begin));
}
Got trim_both(Machine& machine, Value input, Value*, Value& output) {
  return trim_blanks(machine, input, true, true, output);
}
Got trim_left(Machine& machine, Value input, Value*, Value& output) {
  return trim_blanks(machine, input, true, false, output);
}
Got trim_right(Machine& machine, Value input, Value*, Value& output) {
  return trim_blanks(machine, input, false, true, output);
}

Got split_text(Machine& machine, Value input, Value* arguments, Value& output) {
  if (!input.is_string() || !arguments[0].is_string()) return machine.fail("split input and separator must be strings");
  if (!machine.use_memory(input.size() * 4)) return Got::failed;
  output = divide_text(input.as_string(), arguments[0].as_string());
  return Got::value;
}

Got join_texts(Machine& machine, Value input, Value* arguments, Value& output) {
  if (!input.is_array() && !input.is_object())
    return machine.fail("Cannot iterate over " + (input.is_null() ? std::string("null") : kind_and_brief(input)),
                        about(input));
  std::string text;
  bool first = true;
  auto put = [&](const Value& item) {
    if (!first && !arguments[0].is_string()) {
      machine.fail(kind_and_brief(Value(text)) + " and " + kind_and_brief(arguments[0]) + " cannot be added",
                   about(arguments[0]));
      return false;
    }
    if (!first) text += arguments[0].as_string();
    first = false;
    if (item.is_array() || item.is_object()) {
      machine.fail(kind_and_brief(Value(text)) + " and " + kind_and_brief(item) + " cannot be added", about(item));
      return false;
    }
    if (item.is_string())
      text += item.as_string();
    else if (!item.is_null())
      text += print_json(item);
    return machine.use_memory(16);
  };
  if (input.is_array()) {
    for (const Value& item : input.items())
      if (!put(item)) return Got::failed;
  } else {
    for (const Member& member : input.members())
      if (!put(member.value)) return Got::failed;
  }
  return give(machine, output, text);
}

Got change_case(Machine& machine, const Value& input, char from, char upto, int shift, const char* name,
                Value& output) {
  if (!input.is_string()) return machine.fail(std::string(name) + " input must be a string");
  std::string text(input.as_string());
  for (char& c : text)
    if (c >= from && c <= upto) c = static_cast<char>(c + shift);
  return give(machine, output, text);
}
Got to_lower(Machine& machine, Value input, Value*, Value& output) {
  return change_case(machine, input, 'A', 'Z', 32, "ascii_downcase", output);
}
Got to_upper(Machine& machine, Value input, Value*, Value& output) {
  return change_case(machine, input, 'a', 'z', -32, "ascii_upcase", output);
}

Got explode(Machine& machine, Value input, Value*, Value& output) {
  if (!input.is_string()) return machine.fail("explode input must be a string");
  if (!machine.use_memory(input.size() * sizeof(Value))) return Got::failed;
  std::vector<Value> codes;
  for (std::string_view text = input.as_string(); !text.empty();)
    codes.emplace_back(static_cast<std::int64_t>(take_character(text)));
  output = Value::array(std::move(codes));
  return Got::value;
}

Got implode(Machine& machine, Value input, Value*, Value& output) {
  if (!input.is_array()) return machine.fail("implode input must be an array");
  std::string text;
  for (const Value& code : input.items()) {
    if (!code.is_number() || std::isnan(code.as_number()))
      return machine.fail((code.is_number() ? "number (null)" : kind_and_brief(code)) +
                              " can't be imploded, unicode codepoint needs to be numeric",
                          about(code));
    double number = std::trunc(code.as_number());
    append_character(text, number < 0 || number > 0x10FFFF ? 0xFFFD : static_cast<std::uint32_t>(number));
  }
  return give(machine, output, text);
}

// Positions in characters; overlapping places count.
Value text_positions(std::string_view text, std::string_view part) {
  std::vector<Value> found;
  std::size_t characters = 0, counted = 0;
  for (std::size_t at = part.empty() ? std::string_view::npos : text.find(part); at != std::string_view::npos;
       at = text.find(part, at + 1)) {
    characters += count_code_points(text.substr(counted, at - counted));
    counted = at;
    found.emplace_back(characters);
  }
  return Value::array(std::move(found));
}

Got text_indices(Machine& machine, Value input, Value* arguments, Value& output) {
  if (!input.is_string())
    return machine.fail(kind_and_brief(input) + " cannot be searched, as it is not a string", about(input));
  if (!arguments[0].is_string())
    return machine.fail(kind_and_brief(arguments[0]) + " is not a string", about(arguments[0]));
  if (!machine.use_memory(input.size())) return Got::failed;
  output = text_positions(input.as_string(), arguments[0].as_string());
  return Got::value;
}

Got indices(Machine& machine, Value input, Value* arguments, Value& output) {
  const Value& part = arguments[0];
  if (input.is_null()) {
    output = Value();
    return Got::value;
  }
  if (input.is_string() && part.is_string()) return text_indices(machine, std::move(input), arguments, output);
  if (!input.is_array()) return get_key(machine, input, part, output);
  if (!machine.use_steps(input.size() * (part.is_array() ? std::max<std::size_t>(1, part.size()) : 1)))
    return Got::failed;
  output = indices_of(input, part.is_array() ? part : Value::array({part}));
  return Got::value;
}

Got end_of_indices(Machine& machine, Value input, Value* arguments, bool first, Value& output) {
  Value all;
  if (indices(machine, std::move(input), arguments, all) != Got::value) return Got::failed;
  if (!all.is_array() && !all.is_null())  // what an object has under the key
    return machine.fail("Cannot index " + std::string(all.kind_name()) + (first ? " with number (0)" : " with object ({\"start\":-1,\"end\":null})"),
                        about(all));
  output = all.is_array() && all.size() > 0 ? all.item(first ? 0 : all.size() - 1) : Value();
  return Got::value;
}
Got index_of(Machine& machine, Value input, Value* arguments, Value& output) {
  return end_of_indices(machine, std::move(input), arguments, true, output);
}
Got last_index_of(Machine& machine, Value input, Value* arguments, Value& output) {
  return end_of_indices(machine, std::move(input), arguments, false, output);
}

Got byte_length(Machine& machine, Value input, Value*, Value& output) {
  if (!input.is_string())
    return machine.fail(kind_and_brief(input) + " only strings have UTF-8 byte length", about(input));
  output = Value(input.size());
  return Got::value;
}

Got format_of(Machine& machine, Value input, Value* arguments, Value& output) {
  if (!arguments[0].is_string())
    return machine.fail(kind_and_brief(arguments[0]) + " is not a valid format", about(arguments[0]));
  return format_value(machine, input, arguments[0].as_string(), output);
}

constexpr Builtin text_table[] = {
    {"tostring", 0, Labelling::own, to_text},
    {"tojson", 0, Labelling::deep, to_json},
    {"fromjson", 0, Labelling::shallow, from_json},
    {"tonumber", 0, Labelling::deep, to_number},
    {"toboolean", 0, Labelling::deep, to_boolean},
    {"startswith", 1, Labelling::shallow, starts_with},
    {"endswith", 1, Labelling::shallow, ends_with},
    {"ltrimstr", 1, Labelling::shallow, trim_left_text},
    {"rtrimstr", 1, Labelling::shallow, trim_right_text},
    {"trimstr", 1, Labelling::shallow, trim_both_text},
    {"trim", 0, Labelling::shallow, trim_both},
    {"ltrim", 0, Labelling::shallow, trim_left},
    {"rtrim", 0, Labelling::shallow, trim_right},
    {"split", 1, Labelling::shallow, split_text},
    {"join", 1, Labelling::deep, join_texts},
    {"ascii_downcase", 0, Labelling::shallow, to_lower},
    {"ascii_upcase", 0, Labelling::shallow, to_upper},
    {"explode", 0, Labelling::shallow, explode},
    {"implode", 0, Labelling::deep, implode},
    {"_strindices", 1, Labelling::shallow, text_indices},
    {"indices", 1, Labelling::deep, indices},
    {"index", 1, Labelling::deep, index_of},
    {"rindex", 1, Labelling::deep, last_index_of},
    {"utf8bytelength", 0, Labelling::shallow, byte_length},
    {"format", 1, Labelling::deep, format_of},
};

}  // namespace

std::span<const Builtin> text_builtins() {
  return text_table;
}

}  // namespace gantry::expression

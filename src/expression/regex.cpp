#include "expression/regex.h"

#include <oniguruma.h>

#include <list>
#include <mutex>

#include "expression/builtins.h"
#include "expression/messages.h"
#include "value/utf8.h"

namespace gantry::expression {
namespace {

constexpr std::size_t pattern_bytes_max = 16 * 1024;
constexpr std::size_t cached_patterns = 32;
constexpr unsigned long retries_max = 1'000'000;
constexpr unsigned int match_stack_max = 200'000;

struct Regex {
  std::string pattern;
  OnigOptionType options = 0;
  regex_t* compiled = nullptr;
  Regex() = default;
  ~Regex() {
    if (compiled) onig_free(compiled);
  }
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;
};

// The most recent patterns of this thread, newest first.
std::list<Regex>& recent_patterns() {
  thread_local std::list<Regex> recent;
  return recent;
}

void set_up_oniguruma() {
  static std::once_flag once;
  std::call_once(once, [] {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    onig_initialize(encodings, 1);
    onig_set_retry_limit_in_match(retries_max);
    onig_set_retry_limit_in_search(retries_max);
    onig_set_match_stack_limit_size(match_stack_max);
    onig_set_parse_depth_limit(256);
    onig_set_capture_num_limit(256);
    onig_set_subexp_call_limit_in_search(10'000);
  });
}

std::string onig_message(int code, OnigErrorInfo* info) {
  UChar text[ONIG_MAX_ERROR_MESSAGE_LEN];
  int length = onig_error_code_to_str(text, code, info);
  return repaired_utf8({reinterpret_cast<const char*>(text), static_cast<std::size_t>(length)});
}

const UChar* onig_bytes(const char* text) {
  return reinterpret_cast<const UChar*>(text);
}

Got compile_pattern(Machine& machine, std::string_view pattern, OnigOptionType options, regex_t*& compiled) {
  auto& recent = recent_patterns();
  for (auto entry = recent.begin(); entry != recent.end(); ++entry) {
    if (entry->options != options || entry->pattern != pattern) continue;
    recent.splice(recent.begin(), recent, entry);
    compiled = entry->compiled;
    return Got::value;
  }
  if (pattern.size() > pattern_bytes_max)
    return machine.fail("Regex failure: the pattern is too long; at most 16384 bytes");
  set_up_oniguruma();
  if (!machine.use_steps(64 + pattern.size())) return Got::failed;
  recent.emplace_front();
  Regex& made = recent.front();
  made.pattern = pattern;
  made.options = options;
  OnigErrorInfo info{};
  int code = onig_new(&made.compiled, onig_bytes(pattern.data()), onig_bytes(pattern.data() + pattern.size()), options,
                      ONIG_ENCODING_UTF8, ONIG_SYNTAX_PERL_NG, &info);
  if (code != ONIG_NORMAL) {
    std::string message = std::string(pattern.substr(0, byte_offset(pattern, 200))) +
                          " (at offset 0) is not a valid regex: " + onig_message(code, &info);
    made.compiled = nullptr;
    recent.pop_front();
    return machine.fail(message);
  }
  compiled = made.compiled;
  if (recent.size() > cached_patterns) recent.pop_back();
  return Got::value;
}

Got read_flags(Machine& machine, const Value& flags, OnigOptionType& options, bool& global) {
  if (flags.is_null()) return Got::value;
  if (!flags.is_string()) return machine.fail(kind_and_brief(flags) + " is not a string", about(flags));
  for (char flag : flags.as_string()) {
    switch (flag) {
      case 'g':
        global = true;
        break;
      case 'i':
        options |= ONIG_OPTION_IGNORECASE;
        break;
      case 'x':
        options |= ONIG_OPTION_EXTEND;
        break;
      case 's':
        options |= ONIG_OPTION_SINGLELINE;
        break;
      case 'p':
        options |= ONIG_OPTION_MULTILINE | ONIG_OPTION_SINGLELINE;
        break;
      case 'l':
        options |= ONIG_OPTION_FIND_LONGEST;
        break;
      case 'n':
        options |= ONIG_OPTION_FIND_NOT_EMPTY;
        break;
      default:
        return machine.fail(std::string(flags.as_string()) + " is not a valid modifier string");
    }
  }
  return Got::value;
}

int name_group(const UChar* name, const UChar* name_end, int count, int* groups, regex_t*, void* given) {
  auto& match = *static_cast<Match*>(given);
  for (int i = 0; i < count; ++i) {
    auto group = static_cast<std::size_t>(groups[i]) - 1;
    if (group < match.groups.size())
      match.groups[group].name.assign(reinterpret_cast<const char*>(name), static_cast<std::size_t>(name_end - name));
  }
  return 0;
}

Match read_match(const OnigRegion& region, regex_t* compiled) {
  Match match;
  match.begin = static_cast<std::size_t>(region.beg[0]);
  match.end = static_cast<std::size_t>(region.end[0]);
  for (int i = 1; i < region.num_regs; ++i) match.groups.push_back({region.beg[i], region.end[i], {}});
  onig_foreach_name(compiled, name_group, &match);
  return match;
}

struct RegionOwner {
  OnigRegion* region = onig_region_new();
  RegionOwner() = default;
  ~RegionOwner() { onig_region_free(region, 1); }
  RegionOwner(const RegionOwner&) = delete;
  RegionOwner& operator=(const RegionOwner&) = delete;
};

Got search_all(Machine& machine, std::string_view text, regex_t* compiled, bool global, std::vector<Match>& matches) {
  RegionOwner owner;
  const UChar* begin = onig_bytes(text.data());
  const UChar* end = begin + text.size();
  std::size_t from = 0;
  do {
    if (!machine.use_steps(8) || !machine.use_memory(64)) return Got::failed;
    int found = onig_search(compiled, begin, end, begin + from, end, owner.region, ONIG_OPTION_NONE);
    if (found == ONIG_MISMATCH) break;
    if (found < 0) return machine.fail("Regex failure: " + onig_message(found, nullptr));
    matches.push_back(read_match(*owner.region, compiled));
    const Match& match = matches.back();
    from = match.end;
    if (match.end == match.begin) {
      if (from >= text.size()) break;
      from += character_length(text.substr(from));
    }
  } while (global && from <= text.size());
  return Got::value;
}

// Character offsets, counted on from the last place asked for.
class CharacterCounter {
 public:
  explicit CharacterCounter(std::string_view text) : text_(text) {}
  std::int64_t at(std::size_t byte) {
    if (byte < byte_) byte_ = count_ = 0;
    count_ += count_code_points(text_.substr(byte_, byte - byte_));
    byte_ = byte;
    return static_cast<std::int64_t>(count_);
  }

 private:
  std::string_view text_;
  std::size_t byte_ = 0;
  std::size_t count_ = 0;
};

Value match_value(std::string_view text, const Match& match, CharacterCounter& counter) {
  static const Text offset_name("offset"), length_name("length"), string_name("string"), name_name("name"),
      captures_name("captures");
  auto described = [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
    std::vector<Member> members;
    members.reserve(4);
    if (begin < 0) {
      members.push_back({offset_name, Value(-1)});
      members.push_back({length_name, Value(0)});
      members.push_back({string_name, Value()});
      return members;
    }
    std::string_view part = text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    members.push_back({offset_name, Value(counter.at(static_cast<std::size_t>(begin)))});
    members.push_back({length_name, Value(count_code_points(part))});
    members.push_back({string_name, Value(part)});
    return members;
  };
  auto whole = described(static_cast<std::ptrdiff_t>(match.begin), static_cast<std::ptrdiff_t>(match.end));
  std::vector<Value> captures;
  for (const Match::Group& group : match.groups) {
    auto capture = described(group.begin, group.end);
    capture.push_back({name_name, group.name.empty() ? Value() : Value(group.name)});
    captures.push_back(Value::object(std::move(capture)));
  }
  whole.push_back({captures_name, Value::array(std::move(captures))});
  return Value::object(std::move(whole));
}

// [pattern, flags] -> array of matches
Got match_all(Machine& machine, Value input, Value* arguments, Value& output) {
  std::vector<Match> matches;
  if (find_matches(machine, input, arguments[0], arguments[1], false, matches) != Got::value) return Got::failed;
  CharacterCounter counter(input.as_string());
  std::vector<Value> values;
  for (const Match& match : matches) {
    if (!machine.use_memory((5 + match.groups.size() * 5) * 2 * sizeof(Value))) return Got::failed;
    values.push_back(match_value(input.as_string(), match, counter));
  }
  output = Value::array(std::move(values));
  return Got::value;
}

Got test_match(Machine& machine, Value input, Value* arguments, Value& output) {
  std::vector<Match> matches;
  OnigOptionType options = ONIG_OPTION_CAPTURE_GROUP;
  bool global = false;
  if (read_flags(machine, arguments[1], options, global) != Got::value) return Got::failed;
  Value flags = arguments[1];
  if (global) {  // one match is enough
    std::string without;
    for (char flag : flags.as_string())
      if (flag != 'g') without += flag;
    flags = Value(without);
  }
  if (find_matches(machine, input, arguments[0], flags, false, matches) != Got::value) return Got::failed;
  output = Value(!matches.empty());
  return Got::value;
}

// [pattern, flags] -> array of the pieces between matches
Got split_at_matches(Machine& machine, Value input, Value* arguments, Value& output) {
  std::vector<Match> matches;
  if (find_matches(machine, input, arguments[0], arguments[1], true, matches) != Got::value) return Got::failed;
  std::string_view text = input.as_string();
  std::vector<Value> pieces;
  std::size_t previous = 0;
  if (!machine.use_memory(text.size() + matches.size() * 2 * sizeof(Value))) return Got::failed;
  for (const Match& match : matches) {
    pieces.emplace_back(text.substr(previous, match.begin - previous));
    previous = match.end;
  }
  pieces.emplace_back(text.substr(previous));
  output = Value::array(std::move(pieces));
  return Got::value;
}

constexpr Builtin regex_table[] = {
    {"_match_all", 2, Labelling::deep, match_all},
    {"_test_match", 2, Labelling::deep, test_match},
    {"_split_at_matches", 2, Labelling::deep, split_at_matches},
};

}  // namespace

std::span<const Builtin> regex_builtins() {
  return regex_table;
}

Got find_matches(Machine& machine, const Value& input, const Value& pattern, const Value& flags, bool global,
                 std::vector<Match>& matches) {
  if (!input.is_string())
    return machine.fail(kind_and_brief(input) + " cannot be matched, as it is not a string", about(input));
  if (!pattern.is_string())
    return machine.fail(kind_and_brief(pattern) + " cannot be matched, as it is not a string", about(pattern));
  OnigOptionType options = ONIG_OPTION_CAPTURE_GROUP;
  if (read_flags(machine, flags, options, global) != Got::value) return Got::failed;
  regex_t* compiled = nullptr;
  if (compile_pattern(machine, pattern.as_string(), options, compiled) != Got::value) return Got::failed;
  return search_all(machine, input.as_string(), compiled, global, matches);
}

Value captures_of(std::string_view text, const Match& match) {
  std::vector<Member> members;
  for (const Match::Group& group : match.groups) {
    if (group.name.empty()) continue;
    Value value;
    if (group.begin >= 0)
      value =
          Value(text.substr(static_cast<std::size_t>(group.begin), static_cast<std::size_t>(group.end - group.begin)));
    members.push_back({Text(group.name), std::move(value)});
  }
  return Value::object(std::move(members));
}

}  // namespace gantry::expression

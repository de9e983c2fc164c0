// yaml-cpp reads the syntax and calls YamlBuilder for each event. Its own recursion is bounded by its DepthGuard (500
// levels) and, before that, by our depth limit: the builder throws YamlRefusal from inside the parser.
#include "value/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <map>
#include <streambuf>
#include <unordered_map>

#include "value/utf8.h"
#include "value/yaml_places.h"
#include "value/yaml_scalar.h"
#include "value/yaml_scan.h"

namespace gantry {
namespace {

struct YamlRefusal {
  YamlError error;
};

[[noreturn]] void refuse(SourcePlace place, std::string message) {
  throw YamlRefusal{{place, std::move(message)}};
}

// yaml-cpp 0.7 turns the escapes \N and \_ into the single bytes 0x85 and 0xA0, which are no UTF-8: U+0085 and U+00A0
// are meant. All else in `text` is well-formed, since the document is.
std::string with_escapes_mended(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    auto lead = static_cast<unsigned char>(text[i]);
    if (lead >= 0x80 && lead < 0xC0) {
      append_utf8(out, lead);
      ++i;
      continue;
    }
    std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    out.append(text.substr(i, length));
    i += length;
  }
  return out;
}

// How much a finished value weighs when an alias repeats it.
struct YamlWeight {
  std::size_t nodes = 1;
  std::size_t bytes = 0;   // of its strings and keys
  std::size_t height = 0;  // levels of nesting below it
};

class YamlBuilder final : public YAML::EventHandler {
 public:
  // `shortened`: where `text` has two bytes less than what was written, which all places make up for.
  YamlBuilder(std::string_view text, const std::vector<std::size_t>& shortened, const ParseLimits& limits)
      : text_(text), limits_(limits) {
    std::size_t line_start = 0;
    int line = 1;
    for (std::size_t position : shortened) {
      for (std::size_t end = text.find('\n', line_start); end < position; end = text.find('\n', line_start)) {
        line_start = end + 1;
        ++line;
      }
      shortened_[line].push_back(static_cast<int>(position - line_start) + 1);
    }
  }

  SourcePlace place_of(const YAML::Mark& mark) const {
    if (mark.is_null()) return {};
    SourcePlace place{mark.line + 1, mark.column + 1};
    const auto found = shortened_.find(place.line);
    if (found == shortened_.end()) return place;
    const auto& columns = found->second;
    place.column += 2 * static_cast<int>(std::lower_bound(columns.begin(), columns.end(), place.column) - columns.begin());
    return place;
  }

  YamlDocument take() { return {std::move(root_), recorder_.take()}; }
  bool has_document() const { return documents_ > 0; }

  // yaml-cpp 0.7 takes a text whose quote is never closed, and that ends with a line break, for one that is.
  void check_last_text() const {
    std::size_t at = static_cast<std::size_t>(std::max(last_text_.pos, 0));
    while (at < text_.size() && (text_[at] == '!' || text_[at] == '&'))  // tag and anchor stand before the text
      at = std::min(text_.find_first_not_of(" \t\r\n", std::min(text_.find_first_of(" \t\r\n", at), text_.size())), text_.size());
    if (at >= text_.size() || (text_[at] != '"' && text_[at] != '\'')) return;
    if (end_of_quoted_yaml(text_, at) == std::string_view::npos)
      refuse(place_of(last_text_), fmt::format("the text that is opened by {0} here is not closed by {0}", text_[at]));
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) refuse(place_of(mark), "a second YAML document starts here; a file holds one");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (key_levels_ > 0) return;
    std::string_view literal = null_literal(mark);
    if (expects_key()) {
      if (literal.empty()) refuse(place_of(mark), "expected a key before ':'");
      return take_key(mark, literal);
    }
    // An empty value has no text of its own: yaml-cpp's mark is wherever the next thing stands.
    begin_value(literal.empty() && in_map() ? frames_.back().key_places.back() : place_of(mark), false);
    finish(Value(), anchor, {});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (key_levels_ > 0) return;
    if (expects_key()) refuse(place_of(mark), "an alias can't be a key; write the key out");
    auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(place_of(mark), "this alias stands inside the value that it refers to");
    begin_value(place_of(mark), false);
    const Anchored& anchored = found->second;
    count(anchored.weight.nodes - 1, anchored.weight.bytes, place_of(mark));
    if (frames_.size() + anchored.weight.height > limits_.depth_max) refuse_depth(place_of(mark));
    finish(anchored.value, 0, anchored.weight);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    last_text_ = mark;
    if (key_levels_ > 0) return;
    if (find_bad_utf8(text)) {
      std::string mended = with_escapes_mended(text);
      if (find_bad_utf8(mended)) refuse(place_of(mark), "this text is not UTF-8");
      return OnScalar(mark, tag, anchor, mended);
    }
    if (expects_key()) return take_key(mark, text);
    begin_value(place_of(mark), is_block_text(mark));
    auto value = yaml_scalar(tag, text);
    if (!value) refuse(place_of(mark), value.error().message);
    std::size_t bytes = value->is_string() ? text.size() : 0;
    count(0, bytes, place_of(mark));
    finish(std::move(*value), anchor, {1, bytes, 0});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, "seq", anchor, false);
  }
  void OnSequenceEnd() override {
    if (key_levels_ > 0) return leave_key();
    Frame frame = std::move(frames_.back());
    close(frame, Value::array(std::move(frame.items)));
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, "map", anchor, true);
  }
  void OnMapEnd() override {
    if (key_levels_ > 0) return leave_key();
    Frame frame = std::move(frames_.back());
    check_duplicates(frame);
    close(frame, Value::object(std::move(frame.members)));
  }

 private:
  struct Frame {
    bool map = false;
    bool key_read = false;
    YAML::anchor_t anchor = 0;
    std::size_t parent_pointer_size = 0;
    std::size_t nodes_before = 0, bytes_before = 0;
    std::size_t height = 0;
    std::vector<Value> items;
    std::vector<Member> members;
    std::vector<SourcePlace> key_places;
  };
  struct Anchored {
    Value value;
    YamlWeight weight;
  };

  bool in_map() const { return !frames_.empty() && frames_.back().map; }
  bool expects_key() const { return in_map() && !frames_.back().key_read; }

  void take_key(const YAML::Mark& mark, std::string_view key) {
    Frame& frame = frames_.back();
    frame.key_read = true;
    frame.key_places.push_back(place_of(mark));
    frame.members.push_back({Text(key), Value()});
    count(0, key.size(), place_of(mark));
  }

  // yaml-cpp takes a list or map that is never closed for a key at first. So a list or map as key is refused at its
  // end, and the better error comes before.
  void enter_key(const YAML::Mark& mark) {
    if (key_levels_++ == 0) key_place_ = place_of(mark);
    if (frames_.size() + key_levels_ > limits_.depth_max) refuse_depth(place_of(mark));
  }
  void leave_key() {
    if (--key_levels_ == 0) refuse(key_place_, "a key must be text; lists and maps can't be keys");
  }

  void begin_value(SourcePlace place, bool block_text) {
    count(1, 0, place);
    parent_pointer_size_ = recorder_.pointer_size();
    if (frames_.empty()) return recorder_.enter_root(place, block_text);
    Frame& frame = frames_.back();
    if (frame.map)
      recorder_.enter(frame.members.back().key.view(), frame.key_places.back(), place, block_text);
    else
      recorder_.enter(frame.items.size(), place, block_text);
  }

  void finish(Value value, YAML::anchor_t anchor, YamlWeight weight) {
    recorder_.leave(parent_pointer_size_);
    if (anchor != 0) anchors_.insert_or_assign(anchor, Anchored{value, weight});
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& frame = frames_.back();
    frame.height = std::max(frame.height, weight.height);
    if (frame.map) {
      frame.members.back().value = std::move(value);
      frame.key_read = false;
    } else {
      frame.items.push_back(std::move(value));
    }
  }

  void open(const YAML::Mark& mark, const std::string& tag, std::string_view core_name, YAML::anchor_t anchor,
            bool map) {
    if (expects_key() || key_levels_ > 0) return enter_key(mark);
    if (tag != "?" && tag != "!" && !tag.empty() && tag != fmt::format("tag:yaml.org,2002:{}", core_name))
      refuse(place_of(mark), fmt::format("the tag '{}' does not fit here; remove it", tag.substr(0, 100)));
    if (frames_.size() >= limits_.depth_max) refuse_depth(place_of(mark));
    std::size_t nodes_before = nodes_;
    begin_value(place_of(mark), false);
    Frame& frame = frames_.emplace_back();
    frame.map = map;
    frame.anchor = anchor;
    frame.parent_pointer_size = parent_pointer_size_;
    frame.nodes_before = nodes_before;
    frame.bytes_before = bytes_;
  }

  void close(const Frame& frame, Value value) {
    frames_.pop_back();
    parent_pointer_size_ = frame.parent_pointer_size;
    finish(std::move(value), frame.anchor,
           {nodes_ - frame.nodes_before, bytes_ - frame.bytes_before, frame.height + 1});
  }

  void check_duplicates(const Frame& frame) const {
    std::vector<std::size_t> order(frame.members.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    auto key = [&frame](std::size_t i) { return frame.members[i].key.view(); };
    std::stable_sort(order.begin(), order.end(), [&key](std::size_t a, std::size_t b) { return key(a) < key(b); });
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (key(order[i - 1]) != key(order[i])) continue;
      SourcePlace first = frame.key_places[order[i - 1]];
      refuse(frame.key_places[order[i]], fmt::format("the key '{}' is already given at {}:{}",
                                                     key(order[i]).substr(0, 60), first.line, first.column));
    }
  }

  void count(std::size_t nodes, std::size_t bytes, SourcePlace place) {
    nodes_ += nodes;
    bytes_ += bytes;
    if (nodes_ > limits_.nodes_max)
      refuse(place, fmt::format("the document has more than {} values with its aliases expanded, which is the limit",
                                limits_.nodes_max));
    if (bytes_ > limits_.bytes_max)
      refuse(place, fmt::format("the document has more than {} bytes with its aliases expanded, which is the limit",
                                limits_.bytes_max));
  }

  [[noreturn]] void refuse_depth(SourcePlace place) const {
    refuse(place, fmt::format("nested deeper than {} levels, which is the limit", limits_.depth_max));
  }

  std::string_view rest_at(const YAML::Mark& mark) const {
    auto position = static_cast<std::size_t>(std::max(mark.pos, 0));
    return position < text_.size() ? text_.substr(position) : std::string_view();
  }

  // yaml-cpp reports `~`, `null` and nothing at all alike; a key needs its text.
  std::string_view null_literal(const YAML::Mark& mark) const {
    std::string_view rest = rest_at(mark);
    for (std::string_view word : {"~", "null", "Null", "NULL"})
      if (rest.substr(0, word.size()) == word) return word;
    return {};
  }

  bool is_block_text(const YAML::Mark& mark) const {
    std::string_view rest = rest_at(mark);
    while (!rest.empty() && (rest[0] == '!' || rest[0] == '&')) {  // tag and anchor stand before the text
      rest.remove_prefix(std::min(rest.find_first_of(" \t\r\n"), rest.size()));
      rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
    }
    return !rest.empty() && (rest[0] == '|' || rest[0] == '>');
  }

  std::string_view text_;
  const ParseLimits& limits_;
  std::map<int, std::vector<int>> shortened_;  // line -> columns
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0, bytes_ = 0;
  std::size_t parent_pointer_size_ = 0;  // of the value that begin_value has begun
  std::size_t key_levels_ = 0;           // of the list or map that stands where a key is expected
  SourcePlace key_place_;
  YAML::Mark last_text_;
  int documents_ = 0;
  PlaceRecorder recorder_;
  Value root_;
};

// Lets yaml-cpp read the text where it is.
class TextBuffer final : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* start = const_cast<char*>(text.data());  // a get area is never written to
    setg(start, start, start + text.size());
  }
};

SourcePlace place_at(std::string_view text, std::size_t position) {
  SourcePlace place;
  for (std::size_t i = 0; i < position && i < text.size(); ++i) {
    ++place.column;
    if (text[i] == '\n') place = {place.line + 1, 1};
  }
  return place;
}

// yaml-cpp guesses UTF-16 and UTF-32 from zero bytes, and takes other control characters as text: refuse both early.
const char* bad_byte(unsigned char byte) {
  return byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r'
             ? "a control character can't stand in YAML; write it as an "
               "escape in a double-quoted text"
             : nullptr;
}

std::variant<YamlDocument, YamlError> parse_with_events(std::string_view written, const ParseLimits& limits) {
  const auto joined = with_surrogate_pairs_joined(written);
  const std::string_view text = joined ? std::string_view(joined->text) : written;
  YamlBuilder builder(text, joined ? joined->positions : std::vector<std::size_t>{}, limits);
  try {
    TextBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    builder.check_last_text();
  } catch (const YamlRefusal& refusal) {
    return refusal.error;
  } catch (const YAML::Exception& error) {
    return explained_yaml_error(written, builder.place_of(error.mark), error.msg);
  } catch (const std::exception& error) {
    return YamlError{{}, fmt::format("this is not YAML: {}", error.what())};
  }
  if (!builder.has_document()) return YamlError{{}, "expected a YAML document, found an empty text"};
  return builder.take();
}

}  // namespace

std::variant<YamlDocument, YamlError> parse_yaml(std::string_view text, const ParseLimits& limits) {
  if (text.size() > limits.bytes_max)
    return YamlError{{}, fmt::format("the text has {} bytes; the limit is {} bytes", text.size(), limits.bytes_max)};
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  if (const auto lines = with_line_feeds(text)) return parse_yaml(*lines, limits);
  auto bad =
      std::find_if(text.begin(), text.end(), [](char c) { return bad_byte(static_cast<unsigned char>(c)) != nullptr; });
  if (bad != text.end())
    return YamlError{place_at(text, static_cast<std::size_t>(bad - text.begin())),
                     bad_byte(static_cast<unsigned char>(*bad))};
  std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && (text[first] == '{' || text[first] == '[')) {
    // Real JSON goes its own way: quicker, and yaml-cpp refuses some of it (surrogate pairs, keys over 1,024 bytes).
    auto json = parse_json(text, {.limits = limits, .refuse_duplicate_keys = true});
    if (json.ok()) return YamlDocument{std::move(*json), json_places(text)};
  }
  if (auto bad_utf8 = find_bad_utf8(text))
    return YamlError{place_at(text, *bad_utf8), fmt::format("expected UTF-8, found the byte 0x{:02x}",
                                                            static_cast<unsigned char>(text[*bad_utf8]))};
  return parse_with_events(text, limits);
}

}  // namespace gantry

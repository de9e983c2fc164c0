#include "gate/echo_rule.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gate/echo_form.h"
#include "gate/written_forms.h"
#include "value/json.h"
#include "value/utf8.h"

namespace gantry::gate {
namespace {

constexpr std::size_t part_bytes_min = 6, word_characters_min = 3;
constexpr std::size_t compared_bytes_max = 256u << 20;

// Without blanks, and letters in lower case.
std::string plain(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  }
  return out;
}

std::string text_of(const Value& leaf) {
  return leaf.is_string() ? std::string(leaf.as_string()) : leaf.is_number() ? print_number(leaf) : std::string();
}

struct LabelledText {
  std::string plain;  // plain()
  EchoForm form;
  std::string digits;           // where there is nothing else in it: without the zeros before them
  std::vector<double> numbers;  // that it may be as a whole
  bool is_word = false;         // is looked for as a word in other texts
  Label label;
};

LabelledText labelled_text(const Value& leaf, Label label) {
  const std::string text = text_of(leaf);
  LabelledText labelled{.plain = plain(text), .form = echo_form_of(text), .digits = {}, .numbers = {}, .label = label};
  const std::string& letters = labelled.form.letters;
  if (!letters.empty() && std::all_of(letters.begin(), letters.end(), written::is_digit)) {
    labelled.digits = letters.substr(std::min(letters.find_first_not_of('0'), letters.size() - 1));
    if (leaf.is_number()) labelled.numbers.push_back(leaf.as_number());
    for (const auto& number : written::numbers_of(labelled.plain)) labelled.numbers.push_back(number.value);
  }
  labelled.is_word = !labelled.digits.empty() || count_code_points(letters) >= word_characters_min;
  return labelled;
}

void collect_labelled(const Value& value, Label outer, std::vector<LabelledText>& texts) {
  const Label label = join(outer, value.label());
  if (value.is_array()) {
    for (const Value& item : value.items()) collect_labelled(item, label, texts);
  } else if (value.is_object()) {
    for (const Member& member : value.members()) collect_labelled(member.value, label, texts);
  } else if (!label.is_default() && ((value.is_string() && value.size() > 0) || value.is_number())) {
    texts.push_back(labelled_text(value, label));
  }
}

bool contains(std::string_view whole, std::string_view part) {
  return part.size() >= part_bytes_min && whole.find(part) != std::string_view::npos;
}

// Whether the part begins and ends where words do; zeros before a number don't matter.
bool has_word(const EchoForm& whole, std::string_view part, bool is_number) {
  for (std::size_t at = whole.letters.find(part); at != std::string::npos; at = whole.letters.find(part, at + 1)) {
    if (!whole.is_edge(at + part.size())) continue;
    std::size_t start = at;
    while (is_number && start > 0 && whole.begins[start] == 0 && whole.letters[start - 1] == '0') --start;
    if (whole.is_edge(start)) return true;
  }
  return false;
}

class EchoSearch {
 public:
  explicit EchoSearch(const std::vector<LabelledText>& texts) : texts_(texts) {
    looks_for_numbers_ =
        std::any_of(texts.begin(), texts.end(), [](const auto& text) { return !text.numbers.empty(); });
  }

  bool too_much() const { return compared_bytes_ > compared_bytes_max; }

  Value apply(Value value) {
    if (too_much()) return value;
    if (value.is_string() || value.is_number()) {
      const Label label = label_for(text_of(value), false);
      return std::move(value).labelled(label);
    }
    if (value.is_array()) {
      const std::vector<Label> pieces = labels_for_pieces(value);
      for (std::size_t index = 0; index < value.size(); ++index) {
        const Value before = *value.find(index);
        Value after = apply(before).labelled(pieces.empty() ? Label() : pieces[index]);
        if (is_changed(before, after)) value = std::move(value).with_item(index, std::move(after));
      }
      return value;
    }
    if (!value.is_object()) return value;
    // A copy of the members keeps the loop valid while `value` changes under it.
    const std::vector<Member> members = value.members();
    const std::vector<Label> pieces = labels_for_pieces(value);
    Label keys;
    for (std::size_t index = 0; index < members.size(); ++index) {
      const Member& member = members[index];
      keys = join(keys, label_for(std::string(member.key.view()), true));
      Value after = apply(member.value).labelled(pieces.empty() ? Label() : pieces[index]);
      if (is_changed(member.value, after)) value = std::move(value).with_member(member.key, std::move(after));
    }
    return std::move(value).labelled(keys);
  }

 private:
  static bool is_changed(const Value& before, const Value& after) {
    return after.label() != before.label() || !after.same_as(before);
  }

  // Of the items or members that are an argument one after another: "e", "v", "e". Empty where none is.
  std::vector<Label> labels_for_pieces(const Value& container) {
    std::string letters;
    std::vector<std::size_t> ends;  // of each in `letters`
    ends.reserve(container.size());
    const auto add = [&](const Value& piece) {
      if (piece.is_string() || piece.is_number()) letters += echo_form_of(text_of(piece)).letters;
      ends.push_back(letters.size());
    };
    if (container.size() < 2) return {};
    if (container.is_array())
      for (const Value& item : container.items()) add(item);
    else
      for (const Member& member : container.members()) add(member.value);
    std::vector<Label> labels;
    for (const LabelledText& argument : texts_) {
      const std::string& wanted = argument.form.letters;
      compared_bytes_ += std::max(letters.size(), wanted.size());
      if (too_much()) return labels;
      const bool is_long = wanted.size() >= part_bytes_min;
      if (!is_long && !(container.is_array() && argument.is_word && letters == wanted)) continue;
      for (std::size_t at = letters.find(wanted); at != std::string::npos; at = letters.find(wanted, at + 1)) {
        compared_bytes_ += wanted.size();
        if (too_much()) return labels;
        label_pieces(ends, at, at + wanted.size(), argument.label, labels);
      }
    }
    return labels;
  }

  // What is within one piece is found there.
  static void label_pieces(const std::vector<std::size_t>& ends, std::size_t from, std::size_t upto, Label label,
                           std::vector<Label>& labels) {
    const auto first = std::upper_bound(ends.begin(), ends.end(), from),
               last = std::lower_bound(first, ends.end(), upto);
    if (first == last) return;
    labels.resize(ends.size());
    for (auto piece = first; piece <= last && piece != ends.end(); ++piece) {
      Label& known = labels[static_cast<std::size_t>(piece - ends.begin())];
      known = join(known, label);
    }
  }

  // A key is one name: words of it are no values.
  Label label_for(const std::string& text, bool is_key) {
    Label label;
    if (text.empty()) return label;
    const std::string plain_text = plain(text);
    const EchoForm form = echo_form_of(text);
    const std::vector<double> numbers = looks_for_numbers_ && !is_key ? numbers_in(form.text) : std::vector<double>();
    for (const LabelledText& argument : texts_) {
      compared_bytes_ += std::max(text.size(), argument.plain.size());
      if (too_much()) return label;
      if (is_echo(plain_text, form, numbers, argument, is_key)) label = join(label, argument.label);
    }
    return label;
  }

  static bool is_echo(std::string_view plain_text, const EchoForm& form, const std::vector<double>& numbers,
                      const LabelledText& argument, bool is_key) {
    const std::string& letters = argument.form.letters;
    const bool is_whole = plain_text == argument.plain || (!letters.empty() && form.letters == letters);
    if (is_whole) return !is_key || argument.is_word;
    if (contains(plain_text, argument.plain) || contains(argument.plain, plain_text)) return true;
    if (contains(form.letters, letters) || contains(letters, form.letters)) return true;
    if (is_key || !argument.is_word) return false;
    if (has_word(form, argument.digits.empty() ? letters : argument.digits, !argument.digits.empty())) return true;
    return std::any_of(argument.numbers.begin(), argument.numbers.end(), [&](double number) {
      return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
    });
  }

  const std::vector<LabelledText>& texts_;
  std::size_t compared_bytes_ = 0;
  bool looks_for_numbers_ = false;
};

}  // namespace

Value with_echoes_labelled(Value result, const Value& arguments) {
  std::vector<LabelledText> texts;
  collect_labelled(arguments, Label(), texts);
  if (texts.empty()) return result;
  EchoSearch search(texts);
  Value labelled = search.apply(result);
  if (search.too_much()) return std::move(result).labelled(arguments.deep_label());
  return labelled;
}

}  // namespace gantry::gate

#include "gate/lookups.h"

#include <algorithm>
#include <array>

#include "gate/unicode_library.h"
#include "value/json.h"
#include "value/utf8.h"

namespace gantry::gate {
namespace {

constexpr std::size_t key_bytes_min = 3, places_max = 1'000;

// Where a name stands in the requester's own words: which text, from, to.
struct NamePlace {
  std::size_t text = 0, begin = 0, end = 0;
};

struct NamedRecord {
  Value record;
  std::size_t first_place = 0, end_places = 0;  // of all places
};

bool is_inside(const NamePlace& inner, const NamePlace& outer) {
  return inner.text == outer.text && outer.begin <= inner.begin && inner.end <= outer.end &&
         outer.end - outer.begin > inner.end - inner.begin;
}

// Letters, blanks and the signs of a sentence only: any words of a request may be such a name.
bool is_plain_words(std::string_view name) {
  while (!name.empty()) {
    const auto character = static_cast<UChar32>(take_character(name));
    const bool sign = character < 0x80 &&
                      std::string_view(" ,;.:!?-'\"()").find(static_cast<char>(character)) != std::string_view::npos;
    if (!sign && unicode().u_isalpha(character) == 0) return false;
  }
  return true;
}

// Whether what stands in a text from `begin` to `end` is in quotes, or has a capital letter that no start of a sentence
// or line gives it.
bool stands_as_name(std::string_view text, std::size_t begin, std::size_t end) {
  const std::string_view before = text.substr(0, begin), after = text.substr(end);
  constexpr std::array<std::string_view, 9> quotes = {"\"",     "'",      "\u201c", "\u201d", "\u201e",
                                                      "\u2018", "\u2019", "\u00ab", "\u00bb"};
  const bool opened = std::any_of(quotes.begin(), quotes.end(), [&](auto quote) { return before.ends_with(quote); });
  const bool closed = std::any_of(quotes.begin(), quotes.end(), [&](auto quote) { return after.starts_with(quote); });
  if (opened && closed) return true;
  std::string_view word = text.substr(begin);
  if (unicode().u_isupper(static_cast<UChar32>(take_character(word))) == 0) return false;
  const std::size_t last = before.find_last_not_of(' ');
  if (last == std::string_view::npos || last + 1 == before.size()) return false;
  const char c = before[last];
  return c == ',' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

class RecordSearch {
 public:
  RecordSearch(const definition::PolicyBind& bind, const KnownIndex& index) : bind_(bind), index_(index) {}

  void search(const Value& value) {
    if (value.is_array())
      for (const Value& item : value.items()) search(item);
    if (!value.is_object()) return;
    if (const Value* key = value.find(std::string_view(bind_.key))) take(*key, value);
    for (const Member& member : value.members()) search(member.value);
  }

  // The only record that is named; null when there is none, more than one, or too many to tell.
  const Value* the_only_one() const {
    if (places_.size() >= places_max || named_.size() >= places_max) return nullptr;
    const Value* only = nullptr;
    for (const NamedRecord& named : named_) {
      if (is_part_of_others(named)) continue;
      if (only != nullptr && !(*only == named.record)) return nullptr;
      only = &named.record;
    }
    return only;
  }

 private:
  void take(const Value& key, const Value& record) {
    if ((!key.is_string() && !key.is_number()) || named_.size() >= places_max) return;
    const std::string name = key.is_string() ? normal_text(key.as_string()) : print_number(key);
    if (name.size() < key_bytes_min || !index_.requested(reading_of(key), name)) return;
    if (is_plain_words(name) && !is_meant(name)) return;
    NamedRecord named{record, places_.size(), 0};
    const std::vector<std::string>& texts = index_.request_texts();
    for (std::size_t text = 0; text < texts.size(); ++text)
      for (std::size_t at = word_place(texts[text], name, 0); at != std::string::npos && places_.size() < places_max;
           at = word_place(texts[text], name, at + 1))
        places_.push_back({text, at, at + name.size()});
    named.end_places = places_.size();
    named_.push_back(std::move(named));
  }

  // Said by itself, in a field of its own, or as a name in a text.
  bool is_meant(const std::string& name) const {
    const std::vector<std::string>& texts = index_.request_texts();
    if (std::find(texts.begin(), texts.end(), name) != texts.end()) return true;
    for (const std::string& text : index_.request_texts_as_written())
      for (std::size_t at = word_place(text, name, 0); at != std::string::npos; at = word_place(text, name, at + 1))
        if (stands_as_name(text, at, at + name.size())) return true;
    return false;
  }

  // "meeting" where the request only speaks of the "budget meeting", which is a record, too.
  bool is_part_of_others(const NamedRecord& named) const {
    for (std::size_t place = named.first_place; place < named.end_places; ++place) {
      const NamePlace& inner = places_[place];
      if (std::none_of(places_.begin(), places_.end(), [&](const NamePlace& each) { return is_inside(inner, each); }))
        return false;
    }
    return named.end_places > named.first_place;
  }

  const definition::PolicyBind& bind_;
  const KnownIndex& index_;
  std::vector<NamedRecord> named_;
  std::vector<NamePlace> places_;
};

void add_leaves(const Value& value, const std::string& name, Lookups& lookups) {
  if (value.is_array())
    for (const Value& item : value.items()) add_leaves(item, name, lookups);
  else if (value.is_object())
    for (const Member& member : value.members()) add_leaves(member.value, name, lookups);
  else if (value.is_string() || value.is_number())
    for (std::string& key : known_keys_of(value)) lookups.emplace(std::move(key), name);
}

void add_bind(const definition::PolicyBind& bind, const KnownValues& known, const KnownIndex& index, Lookups& lookups) {
  if (known.forgot(bind.tool)) return;
  RecordSearch search(bind, index);
  for (const KnownValues::Entry& entry : known.entries())
    if (entry.kind == KnownValues::Kind::result && entry.name == bind.tool) search.search(entry.value);
  const Value* record = search.the_only_one();
  if (record == nullptr) return;
  for (const std::string& field : bind.fields)
    if (const Value* value = record->find(std::string_view(field)))
      add_leaves(*value, "record:" + bind.tool + "/" + path_name_of(field), lookups);
}

}  // namespace

Lookups find_lookups(const definition::Project& policies, const KnownValues& known, const KnownIndex& index) {
  Lookups lookups;
  for (const auto& [name, policy] : policies.policies)
    for (const definition::PolicyBind& bind : policy->labels.binds) add_bind(bind, known, index, lookups);
  return lookups;
}

}  // namespace gantry::gate

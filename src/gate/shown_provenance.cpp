#include "gate/shown_provenance.h"

#include <algorithm>
#include <set>
#include <string>

#include "value/label.h"

namespace gantry::gate {
namespace {

void add_texts(const Value& list, std::set<std::string>& texts) {
  if (list.is_string()) texts.emplace(list.as_string());
  if (list.is_array())
    for (const Value& item : list.items()) add_texts(item, texts);
}

std::set<std::string> texts_of(const Value& fact, std::string_view name) {
  std::set<std::string> texts;
  add_texts(fact.member(name), texts);
  return texts;
}

bool is_part_of(const std::set<std::string>& part, const std::set<std::string>& whole) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

int rank_of_integrity(const Value& fact) {
  const auto integrity = parse_integrity(fact.string_or("integrity", ""));
  return static_cast<int>(integrity ? *integrity : Integrity::untrusted);
}

bool is_as_good(const Value& now, const Value& shown) {
  if (!now.is_object() || !shown.is_object()) return false;
  for (const char* same : {"secrecy", "sources", "compartments", "shapes", "hiddenText"})
    if (!(now.member(same) == shown.member(same))) return false;
  for (const char* bad : {"badLinks", "lookAlikes"})
    if (!is_part_of(texts_of(now, bad), texts_of(shown, bad))) return false;
  std::set<std::string> places = texts_of(shown, "origins");
  places.erase("derived");  // nowhere is no place that could be lost
  return rank_of_integrity(now) <= rank_of_integrity(shown) && is_part_of(places, texts_of(now, "origins"));
}

}  // namespace

Value shown_unless_worse(const Value& shown, const Value& now) {
  if (!shown.is_object() || !now.is_object() || shown.size() != now.size()) return now;
  std::vector<Member> members;
  members.reserve(now.size());
  for (const Member& member : now.members()) {
    const Value* before = shown.find(member.key.view());
    members.push_back({member.key, before != nullptr && is_as_good(member.value, *before) ? *before : member.value});
  }
  return Value::object(std::move(members)).labelled(now.label());
}

}  // namespace gantry::gate

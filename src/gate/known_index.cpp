#include "gate/known_index.h"

#include <algorithm>

#include "expression/template.h"
#include "gate/written_forms.h"
#include "gate/pasted_text.h"

namespace gantry::gate {
namespace {

constexpr std::size_t literal_bytes_max = 256;

// What a value that did not come from one of the run's own calls says of itself.
std::string origin_by_label(const LabelContent& label, const KnownValues::Entry& entry) {
  if (entry.kind == KnownValues::Kind::event) return "event:" + entry.name;
  if (entry.kind == KnownValues::Kind::answer) return "answer:" + entry.name;
  if (label.sources.empty()) return label.integrity == Integrity::trusted ? "workflow" : "derived";
  if (label.sources.size() > 1) return "derived";
  const std::string& source = label.sources.front();
  return source.starts_with("tool:") ? "record:" + source.substr(5) : source;
}

// How many letters must be changed, added, left out or swapped, as far as `most`.
std::size_t edits_between(const std::string& left, const std::string& right, std::size_t most) {
  if (left.size() > right.size() + most || right.size() > left.size() + most) return most + 1;
  std::vector<std::size_t> before(right.size() + 1), row(right.size() + 1), next(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (left[i - 1] == right[j - 1] ? 0u : 1u)});
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
        next[j] = std::min(next[j], before[j - 2] + 1);
    }
    before.swap(row);
    row.swap(next);
  }
  return row[right.size()];
}

}  // namespace

std::string path_name_of(std::string_view name) {
  std::string written;
  written.reserve(name.size());
  for (const char c : name) {
    if (c == '~')
      written += "~0";
    else if (c == '/')
      written += "~1";
    else if (c == '*')
      written += "~2";
    else
      written.push_back(c);
  }
  return written;
}

std::string origin_of_record(const std::string& tool, const std::string& path) {
  return "record:" + tool + path;
}

KnownIndex::KnownIndex(const KnownValues& known, const definition::Workflow* workflow) {
  for (const KnownValues::Entry& entry : known.entries()) {
    std::string path;
    add_leaves(entry.value, Label(), entry, path);
  }
  if (workflow != nullptr) add_literals(workflow->source);
}

void KnownIndex::add_leaves(const Value& value, Label outer, const KnownValues::Entry& entry, std::string& path) {
  const Label label = join(outer, value.label());
  const std::size_t size = path.size();
  if (value.is_array()) {
    path += "/*";
    for (const Value& item : value.items()) add_leaves(item, label, entry, path);
  } else if (value.is_object()) {
    for (const Member& member : value.members()) {
      path.append("/").append(path_name_of(member.key.view()));
      add_leaves(member.value, label, entry, path);
      path.resize(size);
    }
  } else {
    add_leaf(value, label, entry, path);
  }
  path.resize(size);
}

void KnownIndex::add_leaf(const Value& leaf, Label label, const KnownValues::Entry& entry, const std::string& path) {
  const LabelContent& content = label.content();
  const bool good = content.integrity <= Integrity::internal;
  if (entry.kind == KnownValues::Kind::request) {
    if (content.integrity != Integrity::trusted) {
      // A field that is declared to be somebody else's words, or a text with pasted parts.
      if (leaf.is_string() && content.sources == std::vector<std::string>{"pasted"})
        add_request_text(own_words_of(leaf.as_string()).text);
      else if (good && leaf.is_string())
        add_links(leaf.as_string());
      return;
    }
    for (std::string& key : known_keys_of(leaf)) requested_keys_.insert(std::move(key));
    if (leaf.is_string()) add_request_text(leaf.as_string());
    return;
  }
  std::string name = entry.kind == KnownValues::Kind::result ? origin_of_record(entry.name, path)
                                                             : origin_by_label(content, entry);
  add_place(known_keys_of(leaf), std::move(name), content.integrity);
  if (good && leaf.is_string()) add_links(leaf.as_string());
}

void KnownIndex::add_request_text(std::string_view text) {
  std::string normal = normal_text(text);
  if (normal.empty()) return;
  bool complete = true;
  for (Token& token : tokens_of(normal, tokens_max, complete)) {
    if (is_link(token)) add_link(token);
    for (std::string& key : token.keys) requested_keys_.insert(std::move(key));
  }
  request_texts_.push_back(std::move(normal));
  request_texts_as_written_.emplace_back(text);
}

void KnownIndex::add_links(std::string_view text) {
  bool complete = true;
  for (const Token& token : tokens_of(normal_text(text), tokens_max, complete))
    if (is_link(token)) add_link(token);
}

void KnownIndex::add_link(const Token& token) {
  links_.insert(token.keys.begin(), token.keys.end());
  if (token.host.empty()) return;
  if (hosts_.insert(token.host).second) hosts_by_skeleton_.emplace(skeleton_of(token.host), token.host);
}

void KnownIndex::add_literals(const Value& value) {
  if (value.is_array()) {
    for (const Value& item : value.items()) add_literals(item);
  } else if (value.is_object()) {
    for (const Member& member : value.members()) {
      add_place(known_keys_of(Value(std::string(member.key.view()))), "workflow", Integrity::trusted);
      add_literals(member.value);
    }
  } else if (value.is_string() && value.as_string().find("${") != std::string_view::npos) {
    expressions_.emplace_back(value.as_string());
  } else if (!value.is_null() && !value.is_boolean()) {
    add_place(known_keys_of(value), "workflow", Integrity::trusted);
    if (value.is_string()) add_links(value.as_string());
  }
}

void KnownIndex::add_place(const std::vector<std::string>& keys, std::string name, Integrity integrity) {
  const std::uint32_t number = number_of(std::move(name), integrity);
  for (const std::string& key : keys) {
    auto& places = by_key_[key];
    if (std::find(places.begin(), places.end(), number) == places.end()) places.push_back(number);
  }
}

std::uint32_t KnownIndex::number_of(std::string name, Integrity integrity) {
  auto [found, added] = place_numbers_.try_emplace({name, integrity}, static_cast<std::uint32_t>(places_.size()));
  if (added) places_.push_back({std::move(name), integrity});
  return found->second;
}

std::vector<const Place*> KnownIndex::places_of(const std::vector<std::string>& keys) const {
  std::vector<const Place*> places;
  for (const std::string& key : keys) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) continue;
    for (const std::uint32_t number : found->second)
      if (std::find(places.begin(), places.end(), &places_[number]) == places.end())
        places.push_back(&places_[number]);
  }
  return places;
}

bool KnownIndex::requested(const Reading& reading, std::string_view normal) const {
  if (reading.shape == Shape::boolean || reading.shape == Shape::null) return false;
  for (const std::string& key : reading.keys)
    if (requested_keys_.contains(key)) return true;
  // "2026-11-28T14:00" of a request that says the date and the time apart.
  for (const std::string& key : reading.keys) {
    if (!key.starts_with("m:") || key.size() < 21) continue;
    if (requested_keys_.contains("d:" + key.substr(2, 10)) && requested_keys_.contains("t:" + key.substr(13, 8)))
      return true;
  }
  if (reading.shape != Shape::text || reading.exact) return false;
  const auto is_letter_or_digit = [](char c) { return written::is_letter(c) || written::is_digit(c) || written::is_wide(c); };
  if (std::none_of(normal.begin(), normal.end(), is_letter_or_digit)) return false;  // signs alone name nothing
  return std::any_of(request_texts_.begin(), request_texts_.end(),
                     [&](const std::string& text) { return contains_words(text, normal); });
}

bool KnownIndex::knows_link(const Token& token) const {
  return std::any_of(token.keys.begin(), token.keys.end(),
                     [&](const std::string& key) { return links_.contains(key); });
}

std::string KnownIndex::imitated_by(const std::string& host) const {
  if (host.empty() || hosts_.contains(host)) return {};
  const auto alike = hosts_by_skeleton_.find(skeleton_of(host));
  if (alike != hosts_by_skeleton_.end()) return alike->second;
  for (const std::string& known : hosts_) {
    const std::size_t most = known.size() >= 10 ? 2 : known.size() >= 6 ? 1 : 0;
    if (most > 0 && edits_between(host, known, most) <= most) return known;
  }
  return {};
}

bool KnownIndex::is_literal_in_expression(std::string_view text) const {
  if (text.empty() || text.size() > literal_bytes_max) return false;
  const std::string quoted = "\"" + std::string(text) + "\"";
  return std::any_of(expressions_.begin(), expressions_.end(),
                     [&](const std::string& expression) { return expression.find(quoted) != std::string::npos; });
}

}  // namespace gantry::gate

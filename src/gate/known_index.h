// Where the values that a run was given can be found, by their canonical keys. Private to the gate.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "gate/canonical_text.h"
#include "gate/known_values.h"

namespace gantry::gate {

struct Place {
  std::string name;  // as in `origin`
  Integrity integrity = Integrity::untrusted;
};

class KnownIndex {
 public:
  KnownIndex(const KnownValues& known, const definition::Workflow* workflow);

  // The places that hold a value with one of the keys, without those that only a text of the request names.
  std::vector<const Place*> places_of(const std::vector<std::string>& keys) const;
  // Whether the requester's own words name it.
  bool requested(const Reading& reading, std::string_view normal) const;
  // The requester's own words, each text normal.
  const std::vector<std::string>& request_texts() const { return request_texts_; }
  const std::vector<std::string>& request_texts_as_written() const { return request_texts_as_written_; }
  // Whether a trusted or internal place has this address or account.
  bool knows_link(const Token& token) const;
  // The known host that this one looks like without being it; empty when none.
  std::string imitated_by(const std::string& host) const;
  // Whether an expression of the workflow holds this text as a literal.
  bool is_literal_in_expression(std::string_view text) const;

  static constexpr std::size_t tokens_max = 5'000;

 private:
  void add_leaves(const Value& value, Label outer, const KnownValues::Entry& entry, std::string& path);
  void add_leaf(const Value& leaf, Label label, const KnownValues::Entry& entry, const std::string& path);
  void add_request_text(std::string_view text);
  void add_links(std::string_view text);
  void add_link(const Token& token);
  void add_literals(const Value& value);
  void add_place(const std::vector<std::string>& keys, std::string name, Integrity integrity);
  std::uint32_t number_of(std::string name, Integrity integrity);

  std::vector<Place> places_;
  std::map<std::pair<std::string, Integrity>, std::uint32_t> place_numbers_;
  std::unordered_map<std::string, std::vector<std::uint32_t>> by_key_;
  std::unordered_set<std::string> requested_keys_, links_, hosts_;
  std::map<std::string, std::string> hosts_by_skeleton_;
  std::vector<std::string> request_texts_, request_texts_as_written_;
  std::vector<std::string> expressions_;
};

// One part of a path: the name with ~ as "~0", / as "~1" and * as "~2", so that no name can pass for a path or for the
// items of a list.
std::string path_name_of(std::string_view name);
// "/0/recipient" -> "/*/recipient", one part at a time: what `origin` says of the items of a list.
std::string origin_of_record(const std::string& tool, const std::string& path);

}  // namespace gantry::gate

// A label says where a value comes from (integrity, with its sources) and who may see it (secrecy, with
// compartments). Labels follow values: every result carries the join of what it was computed from.
//
// A Label is a 4-byte handle into a process-wide, append-only, bounded table of interned contents, so that copying
// and comparing are free and the common case (nothing known against the value) is the number 0.
// When the table is full, a join answers the top label `Label::unknown()`: too strict, never too lax.
// Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace gantry {

// Best first; a join takes the worse one.
enum class Integrity : std::uint8_t { trusted, internal, constrained, untrusted };
// Least first; a join takes the higher one.
enum class Secrecy : std::uint8_t { public_, internal, confidential, secret };

const char* name_of(Integrity integrity);  // "trusted" ...
const char* name_of(Secrecy secrecy);      // "public" ...
Result<Integrity> parse_integrity(std::string_view name);
Result<Secrecy> parse_secrecy(std::string_view name);

struct LabelContent {
  Integrity integrity = Integrity::trusted;
  Secrecy secrecy = Secrecy::public_;
  std::vector<std::string> sources;       // sorted, unique; for example "tool:tos.voyage"
  std::vector<std::string> compartments;  // sorted, unique; a reader needs all of them
  bool operator==(const LabelContent&) const = default;
};

class Label {
 public:
  constexpr Label() = default;  // trusted, public, no sources: what authors write in workflows
  static Label of(LabelContent content);
  static Label unknown();  // untrusted, secret, source "unknown"

  const LabelContent& content() const;
  bool is_default() const { return id_ == 0; }
  bool operator==(const Label&) const = default;

  // Integrity: the worse. Secrecy: the higher. Sources and compartments: the union.
  friend Label join(Label left, Label right) {
    return left.id_ == right.id_ || right.id_ == 0 ? left : left.id_ == 0 ? right : join_slowly(left, right);
  }

 private:
  friend class Value;
  constexpr explicit Label(std::uint32_t id) : id_(id) {}
  static Label join_slowly(Label left, Label right);
  std::uint32_t id_ = 0;
};

}  // namespace gantry

// The values that a run was given, with where they come from: its request, the results of its calls, the events and
// answers that it got. The gate finds in it where an argument of an effect comes from (provenance.h).
//
// Kept by the engine as a fold of the run's events, so replaying these gives the same. Bounded: when it holds too much,
// the oldest results are forgotten, and it remembers of which tools. What was forgotten can only make an argument look
// worse. One thread at a time.
#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>

#include "definition/workflow.h"

namespace gantry::gate {

class KnownIndex;

class KnownValues {
 public:
  enum class Kind {
    request,  // what started the run, or the run that it is part of
    input,    // what the run that started this one gave to it
    result,   // of a call; `name` is TOOL.OPERATION
    event,    // `name` is its type
    answer,   // of a person; `name` is who
  };

  // What is kept at most, beside the request: numbers, texts and the like, and bytes of text.
  static constexpr std::size_t leaves_max = 20'000, bytes_max = 1u << 20;

  KnownValues();
  ~KnownValues();
  KnownValues(KnownValues&&) noexcept;
  KnownValues& operator=(KnownValues&&) noexcept;

  void add(Kind kind, std::string name, Value value);

  struct Entry {
    Kind kind = Kind::result;
    std::string name;
    Value value;
    std::size_t leaves = 0, bytes = 0;
  };
  const std::deque<Entry>& entries() const { return entries_; }
  Value request() const;  // null when there is none
  // Whether results of the tool were forgotten, or never kept.
  bool forgot(const std::string& name) const { return forgotten_.contains(name); }

  // Where each value is, with the literals of the workflow. Made when it is first asked for.
  const KnownIndex& index(const definition::Workflow* workflow) const;
  void forget_index();  // the workflow is another one now

  Value to_value() const;  // for snapshots
  static Result<KnownValues> from_value(const Value& value);

 private:
  std::deque<Entry> entries_;
  std::set<std::string> forgotten_;
  std::size_t leaves_ = 0, bytes_ = 0;  // of all but requests
  mutable std::unique_ptr<KnownIndex> index_;
  mutable const definition::Workflow* indexed_ = nullptr;
};

}  // namespace gantry::gate

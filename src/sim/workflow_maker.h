// Workflows made at random: every kind of task, nested, with jq that is made at random as well. They end by themselves,
// given people who answer, events that come, and time.
#pragma once

#include <string>
#include <vector>

#include "sim/dice.h"
#include "value/value.h"

namespace gantry::sim {

class WorkflowMaker {
 public:
  // `runnable`: workflows that it may run as parts of itself.
  WorkflowMaker(Dice& dice, const std::vector<std::string>& event_types, const std::vector<std::string>& runnable,
                std::string version)
      : dice_(dice), event_types_(event_types), runnable_(runnable), version_(std::move(version)) {}

  // The document, in the form of its file.
  Value make(const std::string& name, bool may_be_scheduled);

  // jq that yields a whole number, or true or false, whatever it is given. For tests too.
  std::string number(std::size_t depth);
  std::string condition(std::size_t depth);

 private:
  Value tasks(std::size_t depth, std::size_t count);
  Value task(std::size_t depth, const std::vector<std::string>& later);
  Value kind_of_task(std::size_t depth, const std::vector<std::string>& later);
  Value with_common(Value task, std::size_t depth, const std::vector<std::string>& later);
  Value simple(std::size_t kind, std::size_t depth);
  Value composed(std::size_t kind, std::size_t depth);
  Value call();
  Value choice(const std::vector<std::string>& later);
  Value listen(std::size_t depth);
  Value filter();
  Value fork(std::size_t depth);
  Value attempt(std::size_t depth);
  Value repeat(std::size_t depth);
  Value run();
  Value schedule();
  std::string expression(const std::string& jq) const { return "${ " + jq + " }"; }
  std::string duration();
  std::string name() { return "t" + std::to_string(next_name_++); }

  Dice& dice_;
  const std::vector<std::string>& event_types_;
  const std::vector<std::string>& runnable_;
  std::string version_;
  std::size_t next_name_ = 0;
};

}  // namespace gantry::sim

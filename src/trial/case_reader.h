// The parts of a case file, each read from its node. Private to trial/.
#pragma once

#include <array>
#include <functional>

#include "definition/data_reader.h"
#include "definition/parse.h"
#include "trial/case.h"

namespace gantry::trial {

// What the run of a case was given: keys `run`, `from` and `labels`, and with them the labels of the arguments.
class CaseFacts {
 public:
  CaseFacts(const definition::Project& project, Case& one) : project_(project), case_(one) {}

  void read_run(const definition::Node& node);
  void read_from(const definition::Node& node);
  void read_labels(const definition::Node& node);
  // When all of them are read.
  void finish();

 private:
  struct Place {
    gate::KnownValues::Kind kind = gate::KnownValues::Kind::request;
    std::string name;
    std::vector<std::string> path;
  };

  void read_results(const definition::Node& node);
  void read_events(const definition::Node& node);
  void read_answers(const definition::Node& node);
  void read_decisions(const definition::Node& node);
  void add(gate::KnownValues::Kind kind, std::string name, Value value);
  std::optional<Place> read_place(const definition::Node& node, const std::string& argument);
  std::optional<Value> labelled(gate::KnownValues::Kind kind, const std::string& name, Value value,
                                const definition::Node& node);
  void come_from(const definition::Node& node, const std::string& argument, const Place& place);
  std::optional<Value> find_argument(const definition::Node& node, const std::string& argument) const;
  void set_argument(const std::string& argument, const Value& value);

  const definition::Project& project_;
  Case& case_;
  std::shared_ptr<gate::KnownValues> known_ = std::make_shared<gate::KnownValues>();
  std::shared_ptr<gate::RunPast> past_ = std::make_shared<gate::RunPast>();
  std::vector<std::pair<std::string, Value>> requested_;
  Value request_;
};

definition::KnownDefinitions known_definitions_of(const definition::Project& project);
// The operation, also of what is built in; reported when there is none.
const definition::Operation* read_operation(const definition::Node& node, const definition::Project& project,
                                            std::string& tool, std::string& operation);

}  // namespace gantry::trial

// Which labels the arguments of each call may have, in any run of a workflow: labels of inputs, results, events and
// answers, followed through the expressions of the workflow. It does not look at which way a run goes, so it has the
// labels of all ways and more.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "definition/project.h"
#include "prove/label_shape.h"

namespace gantry::prove {

// Of a result of the call, as the tool and the policies declare it, without what it repeats of the arguments.
LabelShape labels_of_result(const definition::Project& project, std::string_view tool, std::string_view operation);

class LabelFlow {
 public:
  explicit LabelFlow(const definition::Project& project) : project_(project) {}

  // Of the arguments of the task's call. The reference lives as long as this.
  const LabelShape& arguments(const definition::Workflow& workflow, const definition::Task& task);
  // Of all that an instance of the workflow may read: what a condition sees as `context`.
  Label context(const definition::Workflow& workflow);

 private:
  struct Scope {  // the scope variables that a task sees
    std::vector<LabelShape> shapes;
    std::vector<std::string> names;
    Scope with(std::initializer_list<std::pair<std::string, LabelShape>> added) const;
  };
  struct Exit {  // a way on from a task
    definition::FlowDirective directive;
    LabelShape value;
  };
  struct Site {  // what the expressions of a task see
    LabelShape input, output, raw_input, raw_output;
  };
  struct Analysed {
    bool is_followed = false;  // false: `everything` is all that is known
    LabelShape everything;
    std::map<const definition::Task*, LabelShape> arguments;
  };

  const Analysed& analyse(const definition::Workflow& workflow);
  LabelShape input_of(const definition::Workflow& workflow) const;
  Label readable(const definition::Workflow& workflow) const;
  LabelShape result_of(std::string_view tool, std::string_view operation) const {
    return labels_of_result(project_, tool, operation);
  }

  using List = definition::TaskList;
  std::optional<LabelShape> list(const List& tasks, const LabelShape& input, const Scope& scope);
  std::vector<Exit> task(const definition::Task& task, const LabelShape& raw_input, const Scope& scope);
  std::optional<LabelShape> body(const definition::Task& task, const Site& site, const Scope& scope);
  LabelShape from_outside(const definition::Task& task, const Site& site, const Scope& scope);
  LabelShape loop(const List& tasks, const LabelShape& input, const Scope& scope);
  LabelShape evaluate(const definition::Template& source, const LabelShape& dot, const Site& site, const Scope& scope);
  std::vector<LabelShape> variables(const Site& site, const Scope& scope) const;

  const definition::Project& project_;
  std::map<const definition::Workflow*, Analysed> known_;
  // Of the workflow at hand.
  Analysed* at_ = nullptr;
  LabelShape workflow_input_, context_;
};

}  // namespace gantry::prove

// What the sub-commands of `gantry policy` share.
#pragma once

#include <string>
#include <vector>

#include "trial/case.h"

namespace gantry::cli {

// The cases of the project in the directory; problems are printed to stderr with their places.
Result<std::vector<trial::Case>> read_policy_cases(const std::string& directory, const definition::Project& project);

// "policies/bank.yaml:4:5", from where the program was started.
std::string place_text(const std::string& directory, const std::string& path, SourcePlace place);
// {path, line, column, ...members}
Value place_value(const std::string& path, SourcePlace place, std::vector<Member> members);
Value texts_value(const std::vector<std::string>& texts);
Value approvers_value(const std::vector<definition::ApproverRequirement>& approvers);

}  // namespace gantry::cli

// Names of people and roles as they are given on the command line. A person is told from another by the very text, so a
// name that can't be told by eye makes two people of one: in four eyes, and where the requester is excluded.
#pragma once

#include <string>

#include "base/result.h"

namespace gantry::cli {

// 1 to 200 bytes of UTF-8, no blanks at the ends, no control or invisible characters. Errors: invalid_argument, with `option`.
Status check_person_name(const std::string& option, const std::string& name);
// As policies write roles: letters, digits, '_' and '-', a letter first, at most 63.
Status check_role_name(const std::string& option, const std::string& name);
// Different names that are easily taken for each other: but for case, or by their look (UTS 39).
bool looks_like(const std::string& name, const std::string& other);

}  // namespace gantry::cli

// Which node has the lease of a journal in PostgreSQL, for those that wait for it.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace gantry::journal {

struct WriterNode {
  std::string node;     // as it calls itself
  std::string address;  // where it serves; may be empty
};

// None: nobody has it, or the journal is not in PostgreSQL. Errors: those of the database.
Result<std::optional<WriterNode>> find_writer(const std::string& url);

}  // namespace gantry::journal

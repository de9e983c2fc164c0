// Large values that events refer to and that the database does not have: what `gantry audit verify` and `gantry doctor` say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "journal/database_connection.h"

namespace gantry::journal {

struct MissingBlob {
  std::int64_t position = 0;  // of the event
  std::string hash;
};
// In the order of the events, at most so many. Of what is no JSON nothing is said (the hash chain tells of it), nor of erased
// events. Only what stored_data.h calls a reference is one: data of people may have members of the same name.
Result<std::vector<MissingBlob>> missing_blobs(DatabaseConnection& connection, std::size_t count_max);

}  // namespace gantry::journal

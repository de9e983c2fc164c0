// Erasing personal data from a journal: content goes, the chain stays. For each event that is erased the chain's digest
// of its data is kept, and the salts that could confirm a guess are destroyed. What remains of the events is covered by
// the event data_erased that says who erased, and why; docs/reference/audit.md has the format.
#pragma once

#include <string>
#include <vector>

#include "definition/principal.h"
#include "journal/store.h"

namespace gantry::journal {

// Exactly one of `instance` and `text`.
struct ErasureRequest {
  std::string instance = {};  // all content of this instance, which must have ended
  std::string text = {};      // every text that contains this one, at least 3 bytes: a name, an address, a number
  definition::Principal by = {};
  std::string reason = {};  // kept in the journal: must not name the person
  Timestamp at{};
};

struct Erasure {
  std::uint64_t record = 0;  // position of data_erased; 0: nothing was found
  std::size_t events = 0, instances = 0, blobs = 0;
  std::vector<std::string> running;  // instances that hold the text and go on: erase again when they have ended
};

// One transaction; then the file is written anew without the old content (VACUUM) and the write-ahead log cut off,
// which takes the size of the database in free space. Needs the store's writer: no server may run. Errors:
// invalid_argument, not_found, conflict (the instance goes on), and those of the store.
Result<Erasure> erase(Store& store, const ErasureRequest& request);

}  // namespace gantry::journal

// EDIFACT (ISO 9735) in, JSON out. Form of the JSON: docs/reference/edifact.md.
//
// The reader takes bytes in pieces of any size and keeps one segment plus what it has read so far, so input that is
// garbage or too large is refused early. A defect that leaves the rest readable (a wrong count, a cut file, a
// character outside the declared set) is a problem in the result, never an error, and what could not be understood is
// kept in `other`: nothing is dropped silently. Errors are: input that is no EDIFACT at all (invalid_argument) and a
// limit that was exceeded (exhausted).
//
// BAPLIE becomes a bay plan with one object per container; every other message type becomes its segments as arrays.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "value/value.h"

namespace gantry::tool {

struct EdifactLimits {
  std::size_t bytes_max = 32u << 20;
  std::size_t segment_bytes_max = 16u << 10;
  std::size_t segments_max = 1'000'000;
  std::size_t components_max = 4'000'000;    // data elements in the whole input
  std::size_t problems_max = 1'000;          // listed; the rest are only counted
  std::size_t malformed_segments_max = 100;  // segments without a valid tag, before the input is refused
};

enum class EdifactProblemKind {
  structure,  // envelope, counts, references, order, cut input: the message can't be trusted as it stands
  charset,    // a character that the declared syntax level does not have
  content,    // a field whose text could not be read as what it should be
};
const char* name_of(EdifactProblemKind kind);

struct EdifactProblem {
  std::size_t segment = 0;  // from 1, UNA not counted; 0 when there is none
  std::size_t offset = 0;   // bytes from the start of the input
  std::string message;
  EdifactProblemKind kind = EdifactProblemKind::structure;
};

// Not thread-safe. After an error every further call gives the same error.
class EdifactReader {
 public:
  explicit EdifactReader(const EdifactLimits& limits = {});
  ~EdifactReader();
  EdifactReader(EdifactReader&&) noexcept;
  EdifactReader& operator=(EdifactReader&&) noexcept;

  Status feed(std::string_view chunk);
  // Ends the input. Call once.
  Result<Value> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Result<Value> read_edifact(std::string_view bytes, const EdifactLimits& limits = {});

}  // namespace gantry::tool

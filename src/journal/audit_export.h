// The journal in formats of others: JSON Lines with everything that is needed to verify the chain, and OCEL 2.0
// (object- centric event log, https://www.ocel-standard.org) for process mining. Streams: memory does not grow with the
// journal, but for the names of the people in it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "journal/store.h"

namespace gantry::journal {

struct ExportFilter {
  std::optional<std::string> instance = {};  // only its events (and, in JSON Lines, their large values)
};
// Pieces of text in order; an error ends the export.
using ExportSink = std::function<Status(std::string_view)>;

// One event a line, in order of position, data and labels as they are stored; then the large values, then the
// checkpoints and removals.
Status export_lines(Store& store, const ExportFilter& filter, const ExportSink& sink);
// One JSON document. Objects: instances, effects, human tasks, decisions, people.
Status export_ocel(Store& store, const ExportFilter& filter, const ExportSink& sink);

}  // namespace gantry::journal

// The store that commands work on directly, without a server.
#pragma once

#include "cli/commands.h"
#include "cli/runtime.h"

namespace gantry::cli {

inline Value count_value(std::uint64_t count) {
  return Value(static_cast<std::int64_t>(count));
}

struct AuditStore {
  std::unique_ptr<journal::Store> store;
  journal::AuditOptions options;
};

// `store` is a URL, or empty: that of the project in `directory`. To be written only while no server runs.
Result<AuditStore> open_store_of(const std::string& store, const std::string& directory, bool read_only);
// The URLs to open one after the other: one, or that of each partition. Errors: those of the settings and the database.
Result<std::vector<std::string>> stores_of(const std::string& store, const std::string& directory);
Result<AuditStore> open_for_audit(const AuditCommandOptions& options, bool read_only);

}  // namespace gantry::cli

// Verification of the hash chain and of what was signed, reading only: any number of bytes of the database may be
// somebody's forgery. A second program that shares no code does the same: packaging/gantry-audit-verify.py.
#pragma once

#include <string>
#include <vector>

#include "journal/audit_key.h"
#include "journal/store.h"

namespace gantry::journal {

struct VerifyOptions {
  std::vector<Checkpoint> checkpoints = {};  // kept elsewhere, for example with `gantry audit head`
  std::vector<PublicKey> keys = {};          // those trusted; empty: the one that the store's last checkpoint names
};

struct AuditFinding {
  std::uint64_t position = 0;  // of the event, or of the signature
  std::string instance;        // empty: not about one instance, or of the installation
  std::string what;            // changed, missing, truncated, reordered, forged, erased, damaged
  std::string message;
};

struct VerifyReport {
  ChainHead head;
  std::uint64_t events = 0;           // read and hashed
  std::uint64_t erased = 0;           // of these: known by their digest only
  std::uint64_t removed = 0;          // by retention, covered by signed removals
  std::uint64_t checkpoints = 0;      // that agree, stored and given ones
  std::uint64_t unsigned_events = 0;  // after the last genuine checkpoint: whoever can write the file can forge these
  std::vector<PublicKey> keys;        // that signed
  bool keys_are_given = false;
  std::vector<AuditFinding> findings;  // at most 100
};

// Errors: not_found and the others of opening the store; what is wrong inside is a finding.
Result<VerifyReport> verify_audit(Store& store, const VerifyOptions& options = {});

// The chain's head, read from the database: to be signed and kept elsewhere.
Result<ChainHead> audit_head(Store& store);

}  // namespace gantry::journal

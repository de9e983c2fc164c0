// How an erasure changes the tables, within one transaction of the store. Private to the module.
#pragma once

#include <map>
#include <set>

#include "journal/erasure.h"
#include "journal/sqlite_chain.h"
#include "journal/sqlite_projection.h"

namespace gantry::journal {

class SqliteErasure {
 public:
  SqliteErasure(DatabaseConnection& connection, SqliteChain& chain, SqliteProjection& projection,
                std::size_t blob_threshold_bytes)
      : connection_(connection), chain_(chain), projection_(projection), blob_threshold_bytes_(blob_threshold_bytes) {}

  // Changes events, salts, blobs and projections; `record` is the position that data_erased will get.
  Result<Erasure> run(const ErasureRequest& request, std::uint64_t record);
  // SHA-256 over what remains of the events of this record: what data_erased says of them.
  static Result<Digest> remains_of(DatabaseConnection& connection, ChainHasher& hasher, std::uint64_t record);
  // Earlier records whose events now belong to this one.
  const std::set<std::uint64_t>& superseded() const { return superseded_; }

 private:
  struct Touched {
    std::int64_t position = 0, stream = 0;
    Value remains;
  };
  Result<std::int64_t> ended_stream(const std::string& instance);
  Status find_instance(const ErasureRequest& request, Erasure& erasure);
  Status find_text(const ErasureRequest& request, Erasure& erasure);
  Status add_digests_of_touched(const ErasureRequest& request);
  Result<bool> is_open(std::int64_t stream);
  Status keep_digest(std::int64_t position, std::uint64_t record);
  Status renew_salts(std::int64_t stream);
  Status write_remains(std::uint64_t record);
  Status drop_unused_blobs(Erasure& erasure);
  Status project_again(std::int64_t stream);

  DatabaseConnection& connection_;
  SqliteChain& chain_;
  SqliteProjection& projection_;
  std::size_t blob_threshold_bytes_;
  std::map<std::int64_t, Touched> touched_;  // by position
  std::set<std::int64_t> streams_;
  std::set<std::string> blobs_before_;  // that the touched events referred to
  std::set<std::uint64_t> superseded_;
};

}  // namespace gantry::journal

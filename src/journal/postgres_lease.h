// Which node writes a journal in PostgreSQL. The lease is a row: a node's name, an epoch that grows with each change of
// owner, and until when, by the database's clock. It is renewed by each transaction that writes and by a thread beside.
// Each transaction of a writer begins by changing the row on condition that the epoch is still its own, so that a node
// that has lost the lease can write nothing, whatever it believes (docs/decisions/0004-one-node-writes.md).
// A node that could not renew in time considers the lease lost, and says so, without waiting for another to take it.
// The node also holds an advisory lock for its epoch: when its process has ended, another need not wait for the time.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "journal/postgres_connection.h"

namespace gantry::journal {

struct LeaseOptions {
  std::string node;     // for people: who has it
  std::string address;  // where that node serves; may be empty
  Duration length{};    // how long a node that is silent keeps it
  std::function<void(const std::string& reason)> when_lost;  // once, from the lease's thread; may be empty
};

class PostgresLease {
 public:
  // Errors: unavailable, naming the node that has it; those of the database. The tables must exist.
  static Result<std::unique_ptr<PostgresLease>> acquire(const PostgresAddress& address, LeaseOptions options);
  ~PostgresLease();  // gives it up
  PostgresLease(const PostgresLease&) = delete;
  PostgresLease& operator=(const PostgresLease&) = delete;

  // First in each transaction of `writer`: renews the lease, and locks its row until the transaction ends. Errors:
  // unavailable when another node has it.
  Status guard(PostgresConnection& writer);
 private:
  // Names the writer's session after the epoch, so that the next owner can end it: a frozen node may be in the middle of
  // a transaction, which holds the row.
  Status mark(PostgresConnection& writer) const;
  PostgresLease(std::unique_ptr<PostgresConnection> connection, LeaseOptions options)
      : connection_(std::move(connection)), options_(std::move(options)) {}
  Status take();
  Result<bool> lock_epoch(std::int64_t epoch);
  Status unlock_epoch(std::int64_t epoch);
  bool is_overdue() const;
  Result<bool> replace(std::int64_t epoch, bool owner_is_gone);
  Status end_writer_of(std::int64_t epoch);
  Status busy();  // always an error: who has it
  Result<bool> renew(PostgresConnection& connection);
  void keep();
  void lose(const std::string& reason);

  std::unique_ptr<PostgresConnection> connection_;  // the thread's, once it runs
  LeaseOptions options_;
  std::int64_t epoch_ = 0;
  std::uint64_t locked_in_ = 0;  // the connection that holds the advisory lock
  std::uint64_t marked_in_ = 0;  // the writer's connection that has been marked
  std::atomic<bool> lost_ = false;
  // By this machine's steady clock, taken before the renewal was sent: never later than what the database thinks.
  std::atomic<std::chrono::steady_clock::time_point> runs_until_{};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gantry::journal

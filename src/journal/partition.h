// A database that several nodes share holds a journal in parts: each is a complete journal in a schema of its own, with
// its own lease, chain and tables, so that one node writes each and all write at the same time. How many there are is
// decided once, before the first event. Partition 0, in the schema that the URL names, is the home: it has the tokens,
// the schedules, and what is deployed and stopped first (docs/decisions/0006-nodes-share-partitions.md). Which
// partition has an instance follows from its id; everything that belongs to it is there, too.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gantry::journal {

inline constexpr std::size_t partitions_max = 64;

// Of an instance, or of a child, task, effect or migration: their ids begin with that of the instance and '-'. Fixed
// for ever: FNV-1a of what stands before the first '-'.
std::size_t partition_of(std::string_view id, std::size_t count);
// Of the instance of this workflow ("NAMESPACE/NAME") that is started with this idempotency key.
std::size_t partition_of_key(std::string_view workflow, std::string_view key, std::size_t count);

// The URL of one of them. `url` is the store's, of PostgreSQL, and names none.
std::string partition_url(const std::string& url, std::size_t number);

bool names_partition(const std::string& url);

// How many partitions the journal at this URL has: 1 where it has none, is not there yet, is one of several itself, or
// is not in PostgreSQL. Errors: those of the database.
Result<std::size_t> partition_count(const std::string& url);

// Makes so many, or finds that there are as many. Errors: invalid_argument when there are another number, or the
// journal was begun without; those of the database.
Status prepare_partitions(const std::string& url, std::size_t count);

// What nodes of one database prove to each other that they are: random, made with the partitions.
Result<std::string> node_secret(const std::string& url);

}  // namespace gantry::journal

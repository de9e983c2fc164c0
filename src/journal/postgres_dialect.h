// What PostgreSQL needs to understand the SQL that the journal has once for both databases: statements and tables in
// its own spelling, and functions that it lacks. Private to the module.
#pragma once

#include <string>
#include <string_view>

namespace gantry::journal {

// ? and ?1 become $1, joins lose SQLite's advice on their order.
std::string postgres_statement(std::string_view sql);
// CREATE TABLE and CREATE INDEX, written for SQLite. Text is ordered by its bytes, as there.
std::string postgres_definition(std::string_view sql);

// json_tree, json_valid, instr, the operators text -> text and text ->> text with SQLite's paths, journal_time.
extern const char* const postgres_functions;
extern const char* const postgres_operators;
// Which node writes, beside the tables that both databases have (postgres_lease.h).
extern const char* const postgres_tables;

}  // namespace gantry::journal

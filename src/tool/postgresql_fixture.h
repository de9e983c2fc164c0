// For tests of the sql driver on PostgreSQL: the server, and a way to lose its answers.
#pragma once

#include "journal/postgres_fixture.h"
#include "tool/sql_fixture.h"

namespace gantry::tool {

using journal::LosingProxy;
using journal::TestPostgresql;

}  // namespace gantry::tool

// What is one statement, and where its placeholders are.
#include "tool/sql_statement.h"

#include <gmock/gmock.h>

namespace gantry::tool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string text_of(std::string_view statement, SqlDialect dialect) {
  const auto parsed = parse_sql_statement(statement, dialect);
  return parsed ? parsed->text : "refused: " + parsed.error().message;
}
std::string sqlite(std::string_view statement) {
  return text_of(statement, SqlDialect::sqlite);
}
std::string postgresql(std::string_view statement) {
  return text_of(statement, SqlDialect::postgresql);
}

TEST(SqlStatement, NumbersItsPlaceholdersAndKeepsTheRest) {
  const auto parsed = parse_sql_statement("select a, :x from t where b = :y and c = :x", SqlDialect::sqlite);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->text, "select a, ?1 from t where b = ?2 and c = ?1");
  EXPECT_THAT(parsed->names, ElementsAre("x", "y"));
  EXPECT_EQ(parsed->keyword, "SELECT");
  EXPECT_TRUE(parsed->reads);
  EXPECT_EQ(postgresql("insert into t values (:a::int, :b)"), "insert into t values ($1::int, $2)");
  EXPECT_EQ(sqlite("-- why\n update t set a = :a -- :b\n"), "-- why\n update t set a = ?1 -- :b\n");
}

TEST(SqlStatement, LeavesStringsNamesAndCommentsAlone) {
  EXPECT_EQ(sqlite("select ':a', \"x:b\", [y:c], `z:d`, 'it''s ; :e' /* :f ; */"),
            "select ':a', \"x:b\", [y:c], `z:d`, 'it''s ; :e' /* :f ; */");
  EXPECT_EQ(postgresql("select ':a', E'it\\'s ; :b', $$ ; :c $$, $t$ $$ :d $t$, a$b, /* /* ; */ :e */ 1"),
            "select ':a', E'it\\'s ; :b', $$ ; :c $$, $t$ $$ :d $t$, a$b, /* /* ; */ :e */ 1");
  EXPECT_EQ(postgresql("select '\\' || :a"), "select '\\' || $1");
  EXPECT_EQ(postgresql("select a[1: 2], b := 3, x ? 'k'"), "select a[1: 2], b := 3, x ? 'k'");
}

TEST(SqlStatement, IsOneStatement) {
  EXPECT_EQ(sqlite("select 1;"), "select 1");
  EXPECT_EQ(sqlite("select 1 ; -- the end\n"), "select 1  -- the end\n");
  for (const char* two : {"select 1; select 2", "select 1;;", "select 1; /* x */ drop table t", "select 1;\n\tx"})
    EXPECT_THAT(sqlite(two), HasSubstr("one statement only")) << two;
  for (const char* hidden : {"select '\\'; drop table t", "select 1 /* */ ; drop table t"})
    EXPECT_THAT(sqlite(hidden), HasSubstr("refused")) << hidden;
  // A comment that PostgreSQL nests and SQLite does not.
  EXPECT_THAT(sqlite("select 1 /* /* */ ; drop table t --*/"), HasSubstr("one statement only"));
}

TEST(SqlStatement, RefusesWhatChangesMoreThanRows) {
  for (const char* statement : {"PRAGMA query_only=0", "attach 'x' as y", "create table t (a)", "drop table t", "vacuum",
                                "begin", "commit", "set role x", "copy t to program 'id'", "do $$ $$", "call f()", "",
                                "  -- nothing", "(select 1)", "explain select 1", "merge into t"})
    EXPECT_THAT(sqlite(statement), HasSubstr("refused")) << statement;
  EXPECT_THAT(postgresql("COPY t TO PROGRAM 'id'"),
              HasSubstr("expected SELECT, VALUES, WITH, INSERT, UPDATE, DELETE or MERGE, found \"COPY\""));
  EXPECT_EQ(postgresql("replace into t values (1)").substr(0, 7), "refused");
}

TEST(SqlStatement, RefusesOtherPlaceholdersAndWhatIsNotClosed) {
  for (const char* statement : {"select ?", "select ?1", "select :1", "select @a", "select $a"})
    EXPECT_THAT(sqlite(statement), HasSubstr(":name only")) << statement;
  EXPECT_THAT(postgresql("select $1"), HasSubstr(":name only"));
  for (const char* statement : {"select 'a", "select \"a", "select /* a", "select [a", "select 'a''"})
    EXPECT_THAT(sqlite(statement), HasSubstr("refused")) << statement;
  for (const char* statement : {"select $$ a", "select $x$ a $y$", "select E'a\\'", "select E'\\"})
    EXPECT_THAT(postgresql(statement), HasSubstr("refused")) << statement;
  EXPECT_THAT(sqlite(std::string_view("select 1\0; drop table t", 24)), HasSubstr("control character"));
}

TEST(SqlStatement, HasLimits) {
  EXPECT_THAT(sqlite("select '" + std::string(sql_statement_bytes_max, 'x') + "'"), HasSubstr("at most 65536 bytes"));
  std::string many = "select 1";
  for (std::size_t number = 0; number <= sql_placeholders_max; ++number) many += ", :a" + std::to_string(number);
  EXPECT_THAT(sqlite(many), HasSubstr("at most 100 placeholders"));
}

}  // namespace
}  // namespace gantry::tool

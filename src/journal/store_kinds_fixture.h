// For tests that must hold on every kind of store: TEST_P of a fixture made from StoreKinds, once a kind. PostgreSQL is
// started once a test program and skipped with a word where it is not installed; each test has a schema of its own.
#pragma once

#include <optional>

#include "journal/postgres_connection.h"
#include "journal/postgres_fixture.h"
#include "journal/sqlite_connection.h"
#include "journal/store_fixture.h"

namespace gantry::journal {

class StoreKinds : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!is("postgres")) return;
    if (!TestPostgresql::is_installed()) GTEST_SKIP() << "PostgreSQL 15 is not installed";
    if (!server()) {
      server().emplace();
      testing::AddGlobalTestEnvironment(new EndOfServer);
    }
    static int tests = 0;
    place_ = "postgres:///postgres?host=" + server()->socket_folder() + "&user=gantry&schema=test_" +
             std::to_string(++tests);
  }
  bool is(const std::string& kind) const { return GetParam() == kind; }
  std::string url() const { return is("memory") ? "memory:" : is("file") ? folder_.url() : place_; }
  // For RawDatabase.
  std::string place() const { return is("postgres") ? place_ : folder_.file(); }
  std::unique_ptr<DatabaseConnection> connection() const {
    if (is("postgres")) return value_of(PostgresConnection::open(value_of(PostgresAddress::parse(place_)), false));
    return value_of(SqliteConnection::open(folder_.file(), SqliteConnection::Mode::create));
  }
  TestFolder folder_;

 private:
  // A server in a static would outlive what it needs.
  class EndOfServer : public testing::Environment {
    void TearDown() override { server().reset(); }
  };
  static std::optional<TestPostgresql>& server() {
    static std::optional<TestPostgresql> server;
    return server;
  }
  std::string place_;
};

inline std::string kind_name(const testing::TestParamInfo<const char*>& kind) { return kind.param; }
#define FOR_ALL_STORES(fixture) \
  INSTANTIATE_TEST_SUITE_P(Kinds, fixture, testing::Values("memory", "file", "postgres"), kind_name)
#define FOR_STORES_ON_DISK(fixture) INSTANTIATE_TEST_SUITE_P(Kinds, fixture, testing::Values("file", "postgres"), kind_name)

}  // namespace gantry::journal

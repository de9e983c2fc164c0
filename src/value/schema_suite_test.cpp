// The JSON Schema Test Suite (draft 2020-12): every required test, and the optional ones.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>

#include "value/json.h"
#include "value/schema.h"

namespace gantry {
namespace {

namespace fs = std::filesystem;

// The only tests that may fail: "file: group: test", with the reason. None today.
const std::map<std::string, std::string> suite_exceptions = {};

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

class SchemaSuite : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(GANTRY_SHARED_DIR) / "conformance/json-schema-2020-12";
    if (!fs::exists(root_ / "tests")) GTEST_SKIP() << "the suite is not at " << root_;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / "remotes")) {
      if (!entry.is_regular_file()) continue;
      auto document = parse_json(contents(entry.path()));
      ASSERT_TRUE(document.ok()) << entry.path();
      registry_.emplace("http://localhost:1234/" + fs::relative(entry.path(), root_ / "remotes").string(), *document);
    }
  }

  void run_folder(const fs::path& folder, bool assert_format) {
    std::set<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.is_regular_file()) files.insert(entry.path());
    for (const fs::path& file : files) run_file(file, assert_format);
    std::cout << "[  COUNTS  ] " << fs::relative(folder, root_ / "tests").string() << ": " << passed_ << " pass, "
              << failed_.size() << " fail\n";
    for (const std::string& name : failed_) EXPECT_TRUE(suite_exceptions.contains(name)) << "failed: " << name;
    for (const auto& [name, reason] : suite_exceptions)
      EXPECT_TRUE(failed_.contains(name)) << "passes, remove the exception: " << name;
  }

  void run_file(const fs::path& file, bool assert_format) {
    auto groups = parse_json(contents(file));
    ASSERT_TRUE(groups.ok()) << file << groups.error().message;
    for (const Value& group : groups->items()) {
      auto schema = Schema::compile(*group.find("schema"), {.assert_format = assert_format, .registry = &registry_});
      for (const Value& test : group.find("tests")->items()) {
        std::string name = file.stem().string() + ": " + std::string(group.string_or("description", "")) + ": " +
                           std::string(test.string_or("description", ""));
        bool expected = test.find("valid")->as_boolean();
        bool passes = schema.ok() && schema->validate(*test.find("data")).empty() == expected;
        if (!schema.ok()) std::cout << name << ": " << schema.error().message << "\n";
        if (!passes) failed_.insert(name);
        passed_ += passes ? 1 : 0;
      }
    }
  }

  fs::path root_;
  SchemaRegistry registry_;
  std::set<std::string> failed_;
  std::size_t passed_ = 0;
};

TEST_F(SchemaSuite, PassesEveryRequiredTest) {
  run_folder(root_ / "tests/draft2020-12", false);
  EXPECT_EQ(passed_, 1299u);
}

TEST_F(SchemaSuite, PassesTheOptionalTests) {
  run_folder(root_ / "tests/draft2020-12/optional", false);
  EXPECT_EQ(passed_, 162u);
}

TEST_F(SchemaSuite, PassesTheFormatTests) {
  run_folder(root_ / "tests/draft2020-12/optional/format", true);
  EXPECT_EQ(passed_, 764u);
}

}  // namespace
}  // namespace gantry

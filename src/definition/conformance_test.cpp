// The workflows of the standard's own material: every one loads, or says what of it is not supported yet.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "definition/project_fixture.h"

namespace gantry::definition {
namespace {

namespace filesystem = std::filesystem;

std::string read_text(const filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

filesystem::path conformance_folder(const std::string& version) {
  return filesystem::path(GANTRY_SHARED_DIR) / "conformance" / version;
}

struct FeatureWorkflow {
  std::string name, text;
};

// The YAML texts that follow "Given a workflow with definition:", without the indentation of their quotes.
std::vector<FeatureWorkflow> feature_workflows(const filesystem::path& file) {
  std::vector<FeatureWorkflow> result;
  std::istringstream lines(read_text(file));
  std::string line, scenario;
  bool expects = false, inside = false;
  std::size_t indent = 0;
  while (std::getline(lines, line)) {
    std::size_t first = line.find_first_not_of(' ');
    std::string_view rest = first == std::string::npos ? std::string_view() : std::string_view(line).substr(first);
    if (inside && rest == "\"\"\"") {
      inside = expects = false;
    } else if (inside) {
      result.back().text += (line.size() > indent ? line.substr(indent) : "") + "\n";
    } else if (rest.rfind("Scenario:", 0) == 0) {
      scenario = rest;
    } else if (rest.rfind("Given a workflow with definition:", 0) == 0) {
      expects = true;
    } else if (expects && rest.rfind("\"\"\"yaml", 0) == 0) {
      inside = true;
      indent = first;
      result.push_back({file.filename().string() + " " + scenario, ""});
    }
  }
  return result;
}

std::vector<std::string> single_problems(const std::string& name, const std::string& text) {
  return problems_in(load_single_workflow(name, text));
}

bool all_say_not_supported(const std::vector<std::string>& problems) {
  for (const std::string& problem : problems)
    if (problem.find("not supported yet") == std::string::npos) return false;
  return true;
}

class Conformance : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!filesystem::exists(conformance_folder(GetParam())))
      GTEST_SKIP() << "the standard's material is not here: " << conformance_folder(GetParam());
  }
};

TEST_P(Conformance, WorkflowsOfTheTechnologyCompatibilityKitLoad) {
  std::size_t count = 0;
  for (const auto& entry : filesystem::directory_iterator(conformance_folder(GetParam()) / "ctk" / "features")) {
    for (const FeatureWorkflow& workflow : feature_workflows(entry.path())) {
      ++count;
      EXPECT_THAT(single_problems(workflow.name, workflow.text), testing::IsEmpty()) << workflow.name;
    }
  }
  std::cout << "[  COUNTS  ] " << GetParam() << " feature workflows: " << count << " load\n";
  EXPECT_EQ(count, 21U);
}

TEST_P(Conformance, ExamplesLoadOrSayWhatIsNotSupportedYet) {
  std::size_t loaded_count = 0, refused_count = 0;
  for (const auto& entry : filesystem::directory_iterator(conformance_folder(GetParam()) / "examples")) {
    if (entry.path().extension() != ".yaml") continue;
    std::string name = entry.path().filename().string();
    auto problems = single_problems(name, read_text(entry.path()));
    (problems.empty() ? loaded_count : refused_count) += 1;
    // It runs another workflow, which a file on its own can't have.
    if (name == "run-subflow.yaml") {
      EXPECT_THAT(problems, testing::ElementsAre(testing::HasSubstr("no workflow test/register-customer:0.1.0")));
      continue;
    }
    EXPECT_TRUE(all_say_not_supported(problems)) << testing::PrintToString(problems);
  }
  std::cout << "[  COUNTS  ] " << GetParam() << " examples: " << loaded_count << " load, " << refused_count
            << " are refused with what is not supported\n";
  // Each version has its own examples; a change of these numbers is a change of the profile.
  bool is_main = GetParam() == "ows-main";
  EXPECT_EQ(loaded_count, is_main ? 44U : 42U);
  EXPECT_EQ(loaded_count + refused_count, is_main ? 68U : 66U);
}

INSTANTIATE_TEST_SUITE_P(Versions, Conformance, testing::Values("ows-1.0.3", "ows-main"),
                         [](const auto& version) { return version.param == "ows-main" ? "main" : "v1_0_3"; });

}  // namespace
}  // namespace gantry::definition

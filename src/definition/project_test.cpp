#include "definition/project.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "definition/project_fixture.h"
#include "value/json.h"

namespace gantry::definition {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace filesystem = std::filesystem;

std::string named_workflow(const std::string& name, const std::string& version,
                           const std::string& tasks = "[{x: {set: {a: 1}}}]") {
  return "document: {dsl: '1.0.3', namespace: t, name: " + name + ", version: " + version + "}\ndo: " + tasks;
}

constexpr const char* tos_tool = "tool: tos\nversion: 1.0.0\ndriver: echo\noperations: {list: {class: read}}\n";

class ProjectDirectory : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (filesystem::temp_directory_path() / "gantry-project-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { filesystem::remove_all(directory_); }
  void write(const std::string& path, const std::string& text) {
    filesystem::create_directories((directory_ / path).parent_path());
    std::ofstream(directory_ / path, std::ios::binary) << text;
  }
  std::variant<SourceFiles, Problems> read() { return read_project_files(directory_.string()); }
  filesystem::path directory_;
};

TEST_F(ProjectDirectory, ReadsDefinitionFilesAndNothingElse) {
  write("gantry.yaml", "workers: 2\n");
  write("workflows/a.yaml", "a");
  write("workflows/deep/er/b.yml", "b");
  write("tools/c.json", "c");
  write("workflows/README.md", "no");
  write("workflows/.hidden.yaml", "no");
  write("workflows/.git/x.yaml", "no");
  write("tests/t.yaml", "no");
  write("other.yaml", "no");
  auto files = read();
  ASSERT_TRUE(std::holds_alternative<SourceFiles>(files)) << testing::PrintToString(problems_in(files));
  std::vector<std::string> paths;
  for (const auto& [path, text] : std::get<SourceFiles>(files)) paths.push_back(path);
  EXPECT_THAT(paths, ElementsAre("gantry.yaml", "tools/c.json", "workflows/a.yaml", "workflows/deep/er/b.yml"));
  EXPECT_EQ(std::get<SourceFiles>(files).at("workflows/deep/er/b.yml"), "b");
}

TEST_F(ProjectDirectory, FollowsLinksToFilesInsideOnly) {
  write("shared.yaml", "inside");
  filesystem::create_directories(directory_ / "workflows");
  filesystem::create_symlink("../shared.yaml", directory_ / "workflows/good.yaml");
  auto files = read();
  ASSERT_TRUE(std::holds_alternative<SourceFiles>(files));
  EXPECT_EQ(std::get<SourceFiles>(files).at("workflows/good.yaml"), "inside");
  filesystem::create_symlink("/etc/passwd", directory_ / "workflows/bad.yaml");
  EXPECT_THAT(problems_in(read()),
              ElementsAre(HasSubstr("workflows/bad.yaml:1:1: the link leads out of the project directory")));
}

TEST_F(ProjectDirectory, SaysWhenThereIsNoProject) {
  EXPECT_THAT(problems_in(read()), ElementsAre(HasSubstr(":1:1: no project here; expected gantry.yaml")));
  EXPECT_THAT(problems_in(read_project_files((directory_ / "missing").string())),
              ElementsAre(HasSubstr("missing:1:1: no such directory")));
}

TEST_F(ProjectDirectory, RefusesFilesThatAreTooLarge) {
  write("workflows/a.yaml", std::string(project_file_bytes_max + 1, '#'));
  EXPECT_THAT(problems_in(read()), ElementsAre(HasSubstr("1048577 bytes; a file has at most 1048576")));
}

TEST_F(ProjectDirectory, RefusesTooManyFiles) {
  for (std::size_t i = 0; i <= project_files_max; ++i) write("workflows/" + std::to_string(i) + ".yaml", "a");
  EXPECT_THAT(problems_in(read()), ElementsAre(HasSubstr("a project has at most 1000 files")));
}

TEST(Project, HasADigestOfItsFiles) {
  SourceFiles files = {{"workflows/a.yaml", named_workflow("a", "1.0.0")}};
  auto project = loaded(files);
  EXPECT_EQ(project->digest,
            sha256(print_canonical(Value::object({{"workflows/a.yaml", Value(files.begin()->second)}}))));
  EXPECT_EQ(project->files, files);
  EXPECT_EQ(loaded(files)->digest, project->digest);
  files.begin()->second += "\n";
  EXPECT_NE(loaded(files)->digest, project->digest);
}

TEST(Project, FindsTheHighestVersionOrTheExactOne) {
  auto project = loaded({{"workflows/a.yaml", named_workflow("a", "1.9.0")},
                         {"workflows/b.yaml", named_workflow("a", "1.10.0")},
                         {"workflows/c.yaml", named_workflow("a", "1.10.0-rc.1")},
                         {"tools/tos.yaml", tos_tool}});
  EXPECT_EQ(project->find_workflow("t", "a")->name.version, "1.10.0");
  EXPECT_EQ(project->find_workflow("t", "a", "latest")->name.version, "1.10.0");
  EXPECT_EQ(project->find_workflow("t", "a", "1.9.0")->name.version, "1.9.0");
  EXPECT_EQ(project->find_workflow("t", "a", "2.0.0"), nullptr);
  EXPECT_EQ(project->find_workflow("u", "a"), nullptr);
  EXPECT_NE(project->find_operation("tos", "list"), nullptr);
  EXPECT_EQ(project->find_operation("tos", "lost"), nullptr);
  EXPECT_EQ(project->find_operation("tas", "list"), nullptr);
}

TEST(Project, ReportsNamesThatAreDefinedTwice) {
  EXPECT_THAT(problems_of({{"workflows/a.yaml", named_workflow("a", "1.0.0")},
                           {"workflows/b.yaml", named_workflow("a", "1.0.0")},
                           {"tools/a.yaml", tos_tool},
                           {"tools/b.yaml", tos_tool}}),
              ElementsAre("tools/b.yaml:1:7: tool 'tos' is defined already, in tools/a.yaml:1",
                          "workflows/b.yaml:1:11: workflow 't/a:1.0.0' is defined already, in workflows/a.yaml:1"));
}

TEST(Project, ReportsAllProblemsOfAllFilesInOrder) {
  EXPECT_THAT(problems_of({{"workflows/b.yaml", "document: [\n"},
                           {"workflows/a.yaml", named_workflow("a", "1.0.0", "[{x: {sett: {a: 1}}}]")},
                           {"tools/t.yaml", "tool: 5\n"}}),
              ElementsAre(HasSubstr("tools/t.yaml:1:1: 'driver' is missing"), HasSubstr("tools/t.yaml:1:1:"),
                          HasSubstr("tools/t.yaml:1:1:"), HasSubstr("tools/t.yaml:1:7: expected a name"),
                          HasSubstr("workflows/a.yaml:2:11: unknown key 'sett' in task 'x'; did you mean 'set'?"),
                          HasSubstr("workflows/b.yaml:")));
}

TEST(Project, ReportsOnlyTheBrokenFileAndNotThoseThatReferToIt) {
  std::string calls = named_workflow("a", "1.0.0", "[{x: {call: tos.list}}, {y: {call: decide, with: {decision: d}}}]");
  EXPECT_THAT(
      problems_of({{"workflows/a.yaml", calls},
                   {"decisions/d.yaml", "decision: d\nversion: 1.0.0\nquestion: q\nanswer: true\ndefault: 1\nx: 1\n"},
                   {"tools/tos.yaml", "tool: tos\nversion: 1.0.0\ndriver: echo\noperations: {list: {clas: read}}\n"}}),
      ElementsAre(HasSubstr("decisions/d.yaml:6:1: unknown key 'x' in a decision"),
                  "tools/tos.yaml:4:21: unknown key 'clas' in operation 'list'; did you mean 'class'?"));
  EXPECT_THAT(problems_of({{"workflows/a.yaml", calls}, {"decisions/d.yaml", "- [\n"}, {"tools/tos.yaml", "- [\n"}}),
              ElementsAre(HasSubstr("decisions/d.yaml:"), HasSubstr("tools/tos.yaml:")));
}

TEST(Project, SaysWhereAMisplacedDefinitionBelongs) {
  EXPECT_THAT(problems_of({{"workflows/tos.yaml", tos_tool}}),
              ElementsAre("workflows/tos.yaml:1:1: this is a tool, in a folder for others; it belongs into 'tools'"));
}

TEST(Project, RefusesPathsThatAreNotAProjects) {
  for (const char* path : {"/workflows/a.yaml", "workflows/../a.yaml", "workflows", "workflows/a.txt", "x/a.yaml", "",
                           "workflows/a\n.yaml"})
    EXPECT_THAT(problems_of({{path, named_workflow("a", "1.0.0")}}), ElementsAre(HasSubstr("not a file of a project")))
        << path;
}

TEST(Project, RefusesTooManyFilesAndTooLargeOnes) {
  SourceFiles files;
  for (std::size_t i = 0; i <= project_files_max; ++i) files["workflows/" + std::to_string(i) + ".yaml"] = "";
  EXPECT_THAT(problems_of(files), ElementsAre(HasSubstr("gantry.yaml:1:1: 1001 files with 0 bytes")));
  EXPECT_THAT(problems_of({{"workflows/a.yaml", std::string(project_file_bytes_max + 1, ' ')}}),
              ElementsAre(HasSubstr("1048577 bytes")));
}

TEST(Project, ChecksThatWorkflowsToRunExist) {
  std::string tasks =
      "[{x: {run: {workflow: {namespace: t, name: othr, version: 1.0.0}}}}, {y: {run: {workflow: {namespace: t, name: "
      "other}}}}]";
  EXPECT_THAT(problems_of({{"workflows/a.yaml", named_workflow("a", "1.0.0", tasks)},
                           {"workflows/b.yaml", named_workflow("other", "1.0.0")}}),
              ElementsAre("workflows/a.yaml:2:27: no workflow t/othr:1.0.0; did you mean 't/other:1.0.0'?"));
}

TEST(Settings, HaveDefaultsAndAreRead) {
  EXPECT_EQ(loaded({{"gantry.yaml", ""}})->settings.workers, 16U);
  EXPECT_EQ(loaded({{"gantry.yaml", "# workers: 5\n\n  # more\n"}})->settings.workers, 16U);
  Settings settings = loaded({{"gantry.yaml", R"(
store: sqlite:/var/lib/gantry.db
listen: "[::1]:9000"
egress: {allow: [api.example.com, "https://x.example:8443"]}
secrets: {token: secrets/token, a/b~c: /run/secrets/other}
workers: 4
workflowDepth: 5
)"}})->settings;
  EXPECT_EQ(settings.store, "sqlite:/var/lib/gantry.db");
  EXPECT_EQ(settings.listen, "[::1]:9000");
  EXPECT_THAT(settings.egress_allow, ElementsAre("api.example.com", "https://x.example:8443"));
  EXPECT_EQ(settings.secrets.at("token").place, "secrets/token");
  EXPECT_EQ(settings.secrets.at("a/b~c").place, "/run/secrets/other");
  EXPECT_EQ(settings.workers, 4U);
  EXPECT_EQ(settings.workflow_depth, 5U);
}

TEST(Settings, ReportWhatIsWrong) {
  EXPECT_THAT(problems_of({{"gantry.yaml", R"(stoer: x
store: mysql:x
listen: 8420
egress: {alow: [], allow: [5]}
secrets: {a: 5}
workers: 0
)"}}),
              ElementsAre("gantry.yaml:1:1: unknown key 'stoer' in the settings; did you mean 'store'?",
                          "gantry.yaml:2:8: expected sqlite:PATH or postgres://USER@HOST/DATABASE, found the text \"mysql:x\"",
                          "gantry.yaml:3:9: expected ADDRESS:PORT, found the number 8420",
                          "gantry.yaml:4:10: unknown key 'alow' in 'egress'; did you mean 'allow'?",
                          "gantry.yaml:4:28: expected text, found the number 5",
                          "gantry.yaml:5:14: expected the path of a file, or an object with file, environment or credential, found the number 5",
                          "gantry.yaml:6:10: expected a whole number from 1 to 1024, found the number 0"));
}

TEST(Settings, DefaultsOfTheTableAreTheOnesInTheCode) {
  std::string text, group;
  for (const SettingDescription& row : setting_descriptions()) {  // rows of a group stand together
    std::string key = row.key;
    std::size_t dot = key.find('.');
    if (dot != std::string::npos && key.substr(0, dot) != group) text += key.substr(0, dot) + ":\n";
    group = dot == std::string::npos ? "" : key.substr(0, dot);
    text += (dot == std::string::npos ? key : "  " + key.substr(dot + 1)) + ": " + row.default_value + "\n";
  }
  Settings read = loaded({{"gantry.yaml", text}})->settings, built_in;
  EXPECT_EQ(read.store, built_in.store);
  EXPECT_EQ(read.listen, built_in.listen);
  EXPECT_EQ(read.egress_allow, built_in.egress_allow);
  EXPECT_EQ(read.secrets, built_in.secrets);
  EXPECT_EQ(read.workers, built_in.workers);
  EXPECT_EQ(read.workflow_depth, built_in.workflow_depth);
  EXPECT_EQ(read.audit_key_file, built_in.audit_key_file);
  EXPECT_EQ(read.audit_checkpoint_events, built_in.audit_checkpoint_events);
  EXPECT_EQ(read.audit_checkpoint_interval, built_in.audit_checkpoint_interval);
  EXPECT_EQ(read.retention_instances, built_in.retention_instances);
  EXPECT_EQ(read.retention_workflows, built_in.retention_workflows);
}

TEST(SingleWorkflow, MayReadOnlyAndLoadsAgainFromItsFiles) {
  auto result = load_single_workflow("some/where.yaml", named_workflow("a", "1.0.0"));
  ASSERT_THAT(problems_in(result), IsEmpty());
  auto project = std::get<ProjectPointer>(result);
  EXPECT_EQ(project->find_workflow("t", "a")->path, "some/where.yaml");
  ASSERT_EQ(project->policies.size(), 1U);
  const PolicyRule& rule = project->policies.at("reads-only")->rules.at(0);
  EXPECT_EQ(rule.verdict, VerdictKind::allow);
  EXPECT_THAT(rule.classes, ElementsAre(EffectClass::read, EffectClass::egress_read));
  EXPECT_EQ(loaded(project->files)->digest, project->digest);
}

TEST(SingleWorkflow, NamesItsOwnPathInProblems) {
  EXPECT_THAT(
      problems_in(load_single_workflow("some/where.yaml", named_workflow("a", "1.0.0", "[{x: {call: tos.list}}]"))),
      ElementsAre("some/where.yaml:2:17: no tool 'tos'; the project has no tools"));
  EXPECT_THAT(problems_in(load_single_workflow("x.yaml", "a: [")), ElementsAre(HasSubstr("x.yaml:")));
  EXPECT_THAT(problems_in(load_single_workflow("x.yaml", "")), testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace gantry::definition

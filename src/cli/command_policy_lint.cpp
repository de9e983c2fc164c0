// policy lint: what looks wrong in policies. No server; a store only for who holds which role.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/clock.h"
#include "cli/command_audit.h"
#include "cli/command_policy.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/runtime.h"
#include "trial/lint.h"

namespace gantry::cli {
namespace {

using People = std::map<std::string, std::vector<std::string>>;

// {PERSON: [ROLE...]}, from a file of any known format.
Result<People> people_from_file(const std::string& path) {
  const Value given = TRY(read_document_file(path, ""));
  const Error wrong{Code::invalid_argument, path + ": expected an object with a list of roles for each person"};
  if (!given.is_object()) return wrong;
  People people;
  for (const Member& person : given.members()) {
    if (!person.value.is_array()) return wrong;
    for (const Value& role : person.value.items()) {
      if (!role.is_string()) return wrong;
      people[std::string(person.key.view())].emplace_back(role.as_string());
    }
  }
  return people;
}

// Those of the tokens that work now.
Result<People> people_of_store(const PolicyOptions& options, Timestamp now) {
  auto store = TRY(open_store(resolve_store(options.store, options.path), {.tokens_only = true}));
  const std::vector<journal::TokenRecord> tokens = TRY(store->tokens());
  std::map<std::string, std::set<std::string>> roles;
  for (const journal::TokenRecord& token : tokens)
    if (!token.revoked && (!token.expires || *token.expires > now))
      roles[token.person].insert(token.roles.begin(), token.roles.end());
  People people;
  for (auto& [person, held] : roles) people[person].assign(held.begin(), held.end());
  return people;
}

Value json_of(const trial::LintFinding& finding) {
  return place_value(finding.path, finding.place,
                     {{Text("severity"), trial::name_of(finding.kind->severity)},
                      {Text("code"), finding.kind->code},
                      {Text("subject"), finding.subject},
                      {Text("message"), finding.message},
                      {Text("advice"), finding.advice}});
}

}  // namespace

int policy_lint_command(const PolicyOptions& options) {
  auto project = read_project(options.path);
  if (!project) return fail(project.error());
  trial::LintOptions lint;
  lint.now = SystemClock().now();
  if (!options.at.empty()) {
    auto at = parse_timestamp(options.at);
    if (!at) return fail({Code::invalid_argument, "--at: " + at.error().message});
    lint.now = *at;
  }
  if (!options.people.empty() || !options.store.empty()) {
    auto people = options.people.empty() ? people_of_store(options, lint.now) : people_from_file(options.people);
    if (!people) return fail(people.error());
    lint.people = *std::move(people);
  }
  const std::vector<trial::LintFinding> findings = trial::lint(*project, lint);
  std::vector<Value> rows;
  std::size_t errors = 0, warnings = 0;
  for (const trial::LintFinding& finding : findings) {
    errors += finding.kind->severity == trial::LintSeverity::error ? 1 : 0;
    warnings += finding.kind->severity == trial::LintSeverity::warning ? 1 : 0;
    rows.push_back(json_of(finding));
    if (options.json) continue;
    print_result(printable(fmt::format("{}: {}: {}: {}: {}", place_text(options.path, finding.path, finding.place),
                                       trial::name_of(finding.kind->severity), finding.kind->code, finding.subject,
                                       finding.message)));
    print_result(printable("    " + finding.advice));
  }
  if (options.json) print_value(Value::object({{"findings", Value::array(std::move(rows))}}));
  const std::size_t notes = findings.size() - errors - warnings;
  note(findings.empty() ? "nothing found" : fmt::format("{} errors, {} warnings, {} notes", errors, warnings, notes));
  return errors + warnings > 0 || (options.strict && notes > 0) ? exit_no : exit_done;
}

}  // namespace gantry::cli

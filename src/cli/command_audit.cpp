// audit verify, head, key: the journal's hash chain. They read the store directly, also beside a running server:
// whoever audits need not trust the server.
#include "cli/command_audit.h"

#include <fmt/format.h>

#include "cli/input.h"
#include "cli/output.h"
#include "journal/audit_verify.h"
#include "journal/partition.h"
#include "value/json.h"

namespace gantry::cli {
namespace {

Result<journal::VerifyOptions> read_verify_options(const AuditCommandOptions& options) {
  journal::VerifyOptions verify;
  for (const std::string& path : options.public_keys) {
    std::string text = TRY(read_file(path));
    auto key = journal::PublicKey::from_pem(text);
    if (!key) return Error{Code::invalid_argument, path + ": " + key.error().message};
    verify.keys.push_back(*key);
  }
  if (options.checkpoints.empty()) return verify;
  std::string text = TRY(read_file(options.checkpoints));
  auto checkpoints = journal::parse_checkpoints(text);
  if (!checkpoints) return Error{Code::invalid_argument, options.checkpoints + ": " + checkpoints.error().message};
  verify.checkpoints = std::move(*checkpoints);
  return verify;
}

Value to_value(const journal::VerifyReport& report) {
  std::vector<Value> findings, keys;
  for (const auto& finding : report.findings)
    findings.push_back(Value::object({{"position", count_value(finding.position)},
                                      {"instance", Value(finding.instance)},
                                      {"what", Value(finding.what)},
                                      {"message", Value(finding.message)}}));
  for (const auto& key : report.keys) keys.emplace_back(key.hex());
  return Value::object({{"intact", Value(report.findings.empty())},
                        {"position", count_value(report.head.position)},
                        {"hash", Value(report.head.hash.hex())},
                        {"events", count_value(report.events)},
                        {"erased", count_value(report.erased)},
                        {"removed", count_value(report.removed)},
                        {"checkpoints", count_value(report.checkpoints)},
                        {"unsignedEvents", count_value(report.unsigned_events)},
                        {"keys", Value::array(std::move(keys))},
                        {"keysGiven", Value(report.keys_are_given)},
                        {"findings", Value::array(std::move(findings))}});
}

void print_report(const journal::VerifyReport& report) {
  for (const auto& finding : report.findings)
    print_result(printable(fmt::format("position {}: {}: {}", finding.position, finding.what, finding.message)));
  if (report.findings.empty())
    print_result(fmt::format("intact: {} events up to position {}, {} erased, {} removed, {} checkpoints agree",
                             report.events, report.head.position, report.erased, report.removed, report.checkpoints));
  else
    print_result(fmt::format("not intact: {} findings", report.findings.size()));
  if (report.unsigned_events > 0)
    note(fmt::format("{} events after the last checkpoint are not signed yet", report.unsigned_events));
  if (report.checkpoints > 0 && !report.keys_are_given)
    note(
        "the public key was not given with --public-key but taken from what was checked; keep it elsewhere: gantry "
        "audit key");
}

}  // namespace

Result<AuditStore> open_for_audit(const AuditCommandOptions& options, bool read_only) {
  return open_store_of(options.store, options.directory, read_only);
}

Result<AuditStore> open_store_of(const std::string& store, const std::string& project, bool read_only) {
  const std::string directory = project.empty() ? "." : project;
  definition::Settings settings;
  // Reading needs no key, so with --store nothing of the project is needed.
  if (auto known = read_settings(directory))
    settings = *std::move(known);
  else if (store.empty() || !read_only)
    return known.error();
  const std::string url = store.empty() ? resolve_store(settings.store, directory) : store;
  AuditStore opened;
  opened.options = audit_options(settings, url, directory);
  journal::StoreOptions store_options;
  store_options.read_only = read_only;
  if (!read_only) store_options.audit = opened.options;
  auto found = open_store(url, store_options);
  if (!found && found.error().code == Code::not_found) return Error{Code::unavailable, found.error().message};
  opened.store = TRY(std::move(found));
  return opened;
}

Result<std::vector<std::string>> stores_of(const std::string& store, const std::string& directory) {
  std::string url = store;
  if (url.empty()) {
    const std::string project = directory.empty() ? "." : directory;
    const definition::Settings settings = TRY(read_settings(project));
    url = resolve_store(settings.store, project);
  }
  const std::size_t count = TRY(journal::partition_count(url));
  if (count == 1) return std::vector<std::string>{url};
  std::vector<std::string> urls;
  for (std::size_t number = 0; number < count; ++number) urls.push_back(journal::partition_url(url, number));
  return urls;
}

namespace {

// Each partition has a chain of its own.
int verify_partitions(const AuditCommandOptions& options, const journal::VerifyOptions& verify, const std::vector<std::string>& urls) {
  if (!verify.checkpoints.empty())
    return fail({Code::invalid_argument, "checkpoints are of one chain, and each partition has its own: name one with partition=NUMBER in the URL"});
  std::vector<Value> reports;
  bool intact = true;
  for (std::size_t number = 0; number < urls.size(); ++number) {
    auto opened = open_store_of(urls[number], options.directory, true);
    if (!opened) return fail(opened.error());
    auto report = journal::verify_audit(*opened->store, verify);
    if (!report) return fail(report.error());
    intact = intact && report->findings.empty();
    reports.push_back(to_value(*report));
    if (options.json) continue;
    print_result(fmt::format("partition {}:", number));
    print_report(*report);
  }
  if (options.json)
    print_value(Value::object({{"intact", intact}, {"partitions", Value::array(std::move(reports))}}));
  return intact ? exit_done : exit_no;
}

}  // namespace

int audit_verify_command(const AuditCommandOptions& options) {
  auto verify = read_verify_options(options);
  if (!verify) return fail(verify.error());
  auto urls = stores_of(options.store, options.directory);
  if (!urls) return fail(urls.error());
  if (urls->size() > 1) return verify_partitions(options, *verify, *urls);
  auto opened = open_for_audit(options, true);
  if (!opened) return fail(opened.error());
  auto report = journal::verify_audit(*opened->store, *verify);
  if (!report) return fail(report.error());
  options.json ? print_value(to_value(*report)) : print_report(*report);
  return report->findings.empty() ? exit_done : exit_no;
}

int audit_head_command(const AuditCommandOptions& options) {
  auto opened = open_for_audit(options, true);
  if (!opened) return fail(opened.error());
  auto key = journal::SigningKey::open(opened->options.key_file);
  if (!key) return fail(key.error());
  auto head = journal::audit_head(*opened->store);
  if (!head) return fail(head.error());
  print_result(print_json(journal::Checkpoint::sign(*head, *key).to_value()));
  return exit_done;
}

int audit_key_command(const AuditCommandOptions& options) {
  auto opened = open_for_audit(options, true);
  if (!opened) return fail(opened.error());
  auto key = journal::SigningKey::open(opened->options.key_file);
  if (!key) return fail(key.error());
  std::string pem = key->public_key().pem();
  pem.pop_back();  // print_result ends the line
  print_result(pem);
  return exit_done;
}

}  // namespace gantry::cli

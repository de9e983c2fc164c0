#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "base/version.h"
#include "cli/commands.h"

namespace gantry::cli {
namespace {

// Every command's options and the function that runs the one that was chosen.
struct CommandLine {
  CLI::App app{
      "Gantry runs an organisation's processes with AI inside them: workflows, decisions, approvals, one journal.",
      "gantry"};
  CheckOptions check;
  ProveOptions prove;
  SimOptions sim;
  PolicyOptions policy;
  EvalOptions eval;
  SchemaOptions schema;
  ConvertOptions convert;
  RunOptions run;
  ServeOptions serve;
  TokenOptions token;
  AuditCommandOptions audit;
  StoreCommandOptions maintenance;
  McpOptions mcp;
  DeployOptions deploy;
  StartOptions start;
  ListOptions list;
  IdOptions id;
  EmitOptions emit;
  HoldOptions hold;
  MigrateOptions migrate;
  ApproveOptions approve;
  GateOptions gate;
  std::function<int()> chosen;

  template <class Options>
  CLI::App* command(const char* name, const char* help, int (*function)(const Options&), const Options& options) {
    return command_of(app, name, help, function, options);
  }

  template <class Options>
  CLI::App* command_of(CLI::App& parent, const char* name, const char* help, int (*function)(const Options&),
                       const Options& options) {
    CLI::App* added = parent.add_subcommand(name, help);
    added->callback([this, function, &options] { chosen = [function, &options] { return function(options); }; });
    return added;
  }

  static void add_server(CLI::App* command, ServerOptions& server) {
    command->add_option("--server", server.url, "Address of the server")
        ->envname("GANTRY_URL")
        ->default_str("http://127.0.0.1:8420");
    command->add_option("--token-file", server.token_file, "File that holds the bearer token (else GANTRY_TOKEN)");
    command->add_flag("--json", server.json, "Print JSON");
  }

  CLI::App* server_command(const char* name, const char* help, int (*function)(const IdOptions&), const char* id_help) {
    CLI::App* added = command(name, help, function, id);
    added->add_option("ID", id.id, id_help)->required();
    add_server(added, id.server);
    return added;
  }

  void add_local_commands();
  void add_policy_commands();
  void add_program_commands();
  void add_server_commands();
  void add_task_commands();
  void add_audit_commands();
  void add_store_commands();
};

constexpr const char* input_help = "JSON, @FILE (JSON, YAML or EDIFACT), or - for standard input";

void CommandLine::add_local_commands() {
  CLI::App* c = command("check", "Check definitions; every problem as path:line:column: message", check_command, check);
  c->add_option("PATH", check.paths, "Project directories or workflow files")->required();
  c->add_flag("--json", check.json, "Print problems as JSON");

  c = command("prove", "Prove that the invariants of the policies hold in all runs of the workflows", prove_command, prove);
  c->add_option("PATH", prove.path, "Project directory (default: the current one)");
  c->add_option("--workflow", prove.workflow, "NAMESPACE/NAME: only runs of this workflow");
  c->add_option("--question", prove.invariant, "POLICY/ID or ID: only this invariant");
  c->add_option("--states", prove.states, "States to look at for one invariant and one workflow (default: 20000)");
  c->add_option("--seconds", prove.seconds, "Time for one invariant and one workflow (default: 60)");
  c->add_flag("--allow-unknown", prove.allow_unknown, "Exit with 0 also where the answer is unknown");
  c->add_flag("--json", prove.json, "Print the findings as JSON");

  c = command("sim", "Run simulated lives of the engine: faults of disk, network and power; exit 1 on a finding", sim_command, sim);
  c->add_option("--seed", sim.seed, "The first seed (default: 1); alone: only this one");
  c->add_option("--seeds", sim.seeds, "So many seeds in a row (default: 20, with --seed: 1)")->check(CLI::Range(1, 1'000'000'000));
  c->add_option("--for", sim.length, "ISO 8601 duration: as many seeds in a row as fit (PT30M)");
  c->add_option("--steps", sim.steps, "Steps of each life before it is helped to its end (default: 1500)")
      ->check(CLI::Range(1, 1'000'000'000));
  c->add_flag("--trace", sim.trace, "Print every event, request, fault and stop");
  c->add_flag("--json", sim.json, "Print the sums as JSON");

  c = command("eval", "Evaluate a jq expression; one output per line", eval_command, eval);
  c->add_option("EXPRESSION", eval.expression, "The expression")->required();
  c->add_option("--input", eval.input, input_help);
  c->add_option("--arg", eval.arguments, "NAME=JSON: bind $NAME; may be repeated")->allow_extra_args(false);
  c->add_option("--args-file", eval.arguments_file, "@FILE with a JSON object of arguments");
  c->add_flag("--json", eval.json, "Accepted for uniformity: output is always JSON");

  c = command("schema", "Validate JSON or YAML against a JSON Schema (2020-12); exit 1 if invalid", schema_command,
              schema);
  c->add_option("SCHEMA", schema.schema, "Schema file")->required();
  c->add_option("INSTANCE", schema.instance,
                "File to validate, - for standard input; without it only the schema is checked");
  c->add_flag("--json", schema.json, "Print violations as JSON");

  c = command("convert", "Print a file of any known format as JSON", convert_command, convert);
  c->add_option("FILE", convert.file, "The file, - for standard input")->required();
  c->add_option("--as", convert.as, "Format of the file: json, yaml, csv, edifact (default: by name and content)");
}

void CommandLine::add_policy_commands() {
  CLI::App* group = app.add_subcommand("policy", "Try policies out: cases, lint, attacks, differences");
  group->require_subcommand(1);
  auto add = [&](const char* name, const char* help, int (*function)(const PolicyOptions&)) {
    CLI::App* added = command_of(*group, name, help, function, policy);
    added->add_flag("--json", policy.json, "Print JSON");
    return added;
  };
  constexpr const char* directory_help = "Project directory (default: the current one)";
  CLI::App* c = add("test", "Run the cases in policies/tests; exit 1 when a verdict is another", policy_test_command);
  c->add_option("DIRECTORY", policy.path, directory_help);
  c->add_flag("--coverage", policy.coverage, "Also list what the cases had each rule say; exit 1 when a rule is reached by none");

  c = add("lint", "Look for rules that do nothing or allow too much; exit 1 for errors and warnings", policy_lint_command);
  c->add_option("DIRECTORY", policy.path, directory_help);
  c->add_option("--people", policy.people, "File with {PERSON: [ROLE...]}: also tell which approvals too few people can give");
  c->add_option("--store", policy.store, "Journal whose tokens say who holds which roles, instead of --people");
  c->add_option("--at", policy.at, "Time for time windows, RFC 3339 (default: now)");
  c->add_flag("--strict", policy.strict, "Exit with 1 for notes, too");

  c = add("attack", "Put calls as a hostile model could make them before the policies; exit 1 when one would run unasked", policy_attack_command);
  c->add_option("DIRECTORY", policy.path, directory_help);
  c->add_option("--store", policy.store, "Journal: attack from within its runs, instead of made-up calls and the cases");
  c->add_option("--run", policy.run, "Only this instance of the journal");
  c->add_flag("--summary", policy.summary, "One line an operation");
  c->add_option("--seed", policy.seed, "What is chosen where there is too much (default: 1)");
  c->add_flag("--strict", policy.strict, "Exit with 1 also for choices among good values, which the gate does not promise to stop");

  c = add("diff", "Compare the verdicts of two sets of policies; exit 1 when any is another", policy_diff_command);
  c->add_option("OLD", policy.path, "Project directory with the policies so far; the only one given is the new one, compared with what the journal says")->required();
  c->add_option("NEW", policy.other, "Project directory with the new policies");
  c->add_option("--store", policy.store, "Journal whose recorded effects are judged again (default: the cases of NEW)");
  c->add_option("--run", policy.run, "Only this instance of the journal");
  c->add_flag("--allow-stricter", policy.allow_stricter, "Exit with 0 as long as nothing gets looser");
}

void CommandLine::add_program_commands() {
  CLI::App* c = command("run", "Run a workflow file here and now, without a server", run_command, run);
  c->add_option("FILE", run.file, "Workflow file")->required();
  c->add_option("--input", run.input, input_help);
  c->add_option("--dir", run.directory, "Project directory with tools, policies and decisions");
  c->add_option("--store", run.store, "Journal to keep, for example sqlite:run.db or postgres://host/database (default: memory only)");
  c->add_option("--host-override", run.host_overrides,
                "FROM=TO: send calls for origin FROM to origin TO; may be repeated")
      ->allow_extra_args(false);
  c->add_option("--person", run.person, "Who asks (default: the login name)");
  c->add_flag("--skip-waits", run.skip_waits, "Don't wait for timers: the clock jumps to the next one when nothing else is to be done");
  c->add_option("--simulate", run.simulate, "ISO 8601 duration: start nothing now, but run the schedules of the project for so long on a clock that jumps, and list what they started");
  c->add_flag("--no-wait", run.no_wait, "Exit with 3 instead of waiting for people or timers");
  c->add_flag("--json", run.json, "Print one JSON object with status, output, error and tasks");

  c = command("serve", "Run the server: engine, API, journal", serve_command, serve);
  c->add_option("--dir", serve.directory, "Project directory (default: the current one)");
  c->add_option("--store", serve.store, "Journal, for example sqlite:gantry.db or postgres://host/database (default: as gantry.yaml says)");
  c->add_option("--listen", serve.listen,
                "ADDRESS:PORT; port 0 picks a free one (default: as gantry.yaml says, 127.0.0.1:8420)");
  c->add_flag("--any-address", serve.any_address, "Allow an address other than loopback");
  c->add_option("--host-override", serve.host_overrides,
                "FROM=TO: send calls for origin FROM to origin TO; may be repeated")
      ->allow_extra_args(false);
  c->add_option("--port-file", serve.port_file, "Write the address to this file once the server is ready, or stands by");
  c->add_option("--author", serve.author, "Who stands behind the project in --dir, as on their token (default: the account that runs this)");
  c->add_flag("--standby", serve.standby, "While another node writes the store, wait and answer 503; take over when it is gone");
  c->add_option("--node", serve.node, "What this node is called for the others of a PostgreSQL store (default: host and process)");
  c->add_option("--lease", serve.lease, "ISO 8601 duration after which a silent node loses a PostgreSQL store, 1 to 300 s (default: PT10S)");

  c->add_option("--partitions", serve.partitions, "Share a new PostgreSQL journal between nodes, in so many partitions, 1 to 64 (default: as the journal has)");
  c->add_option("--address", serve.address, "http://HOST:PORT where the other nodes reach this one (default: where it listens)");

  c = command("token", "Create, list or revoke the tokens that stand for people and roles", token_command, token);
  c->add_option("ACTION", token.action, "create, list or revoke")
      ->required()
      ->check(CLI::IsMember({"create", "list", "revoke"}));
  c->add_option("--person", token.person, "Whom the token stands for");
  c->add_option("--role", token.roles, "A role the person holds; may be repeated")->allow_extra_args(false);
  c->add_option("--valid-for", token.valid_for, "ISO 8601 duration after which it expires, for example P30D");
  c->add_option("--store", token.store, "Journal (default: that of --dir)");
  c->add_option("--dir", token.directory, "Project directory (default: the current one)");
  c->add_flag("--json", token.json, "Print JSON");

  c = command("mcp", "See what an MCP server says of its tools, and pin it", mcp_command, mcp);
  c->add_option("ACTION", mcp.action, "tools or pin")->required()->check(CLI::IsMember({"tools", "pin"}));
  c->add_option("TOOL", mcp.tool, "A tool of the project with the driver mcp")->required();
  c->add_option("--dir", mcp.directory, "Project directory (default: the current one)");
  c->add_option("--host-override", mcp.host_overrides, "FROM=TO: send calls for origin FROM to origin TO; may be repeated")->allow_extra_args(false);
  c->add_option("--person", mcp.person, "Who asks (default: the login name)");
  c->add_flag("--json", mcp.json, "Print JSON");
}

void CommandLine::add_server_commands() {
  CLI::App* c = command("deploy", "Check and deploy a project directory or single files", deploy_command, deploy);
  c->add_option("PATH", deploy.paths, "A project directory, or files to add to what is deployed")->required();
  add_server(c, deploy.server);

  c = command("start", "Start an instance of a deployed workflow", start_command, start);
  c->add_option("WORKFLOW", start.workflow, "NAMESPACE/NAME or NAMESPACE/NAME:VERSION")->required();
  c->add_option("--input", start.input, input_help);
  c->add_option("--key", start.key, "Idempotency key: a second start with it answers the first instance");
  c->add_option("--wait", start.wait_seconds, "Wait up to this many seconds for the end")->check(CLI::Range(0, 60));
  add_server(c, start.server);

  c = command("instances", "List instances", instances_command, list);
  c->add_option("--status", list.status, "running, waiting, suspended, stuck, completed, faulted or cancelled");
  c->add_option("--workflow", list.workflow, "NAMESPACE/NAME");
  add_server(c, list.server);

  server_command("show", "Show one instance with its effects and tasks", show_command, "Instance");
  server_command("journal", "Show the events of one instance", journal_command, "Instance");
  c = server_command("cancel", "Cancel a running instance", cancel_command, "Instance");
  c->add_option("--reason", id.reason, "Why; kept in the journal");
  c = server_command("suspend", "Suspend a running instance: no task goes on until it is resumed", suspend_command, "Instance");
  c->add_option("--reason", id.reason, "Why; kept in the journal");
  server_command("resume", "Resume a suspended instance", resume_command, "Instance");
  c = server_command("retry", "Go on from the task that faulted an instance, in a new one", retry_command, "Instance");
  c->add_option("--task", id.task, "Another task: its name, or its reference such as /do/2/pay");
  c = server_command("fork", "Go on from a task of an instance in a new one; the first stays as it is", fork_command, "Instance");
  c->add_option("--task", id.task, "Its name, or its reference such as /do/2/pay")->required();

  c = command("migrate", "Let running instances go on under another version of their workflow, or say what would become of them", migrate_command, migrate);
  c->add_option("WORKFLOW", migrate.workflow, "NAMESPACE/NAME");
  c->add_option("FROM", migrate.from, "The version that they run under");
  c->add_option("TO", migrate.to, "Another version, deployed now");
  c->add_flag("--plan", migrate.plan, "Change nothing; exit 1 when one can't move");
  c->add_flag("--apply", migrate.apply, "Move all that can, in one transaction");
  c->add_option("--map", migrate.map, "YAML file: which task stands for which, and a program for the context");
  c->add_option("--undo", migrate.undo, "Move back what this migration moved, unless something has happened since");
  c->add_flag("--partly", migrate.partly, "With --undo: those that nothing has happened to");
  add_server(c, migrate.server);

  c = command("schedules", "List the schedules in force and when they are due next", schedules_command, list);
  add_server(c, list.server);

  c = command("hold", "Place, lift or list legal holds: what retention must not remove", hold_command, hold);
  c->add_option("ACTION", hold.action, "place, lift or list")->required()->check(CLI::IsMember({"place", "lift", "list"}));
  c->add_option("--workflow", hold.workflow, "NAMESPACE/NAME: all its instances");
  c->add_option("--instance", hold.instance, "One instance");
  c->add_option("--reason", hold.reason, "Why; kept in the journal");
  add_server(c, hold.server);

  c = command("emit", "Send a CloudEvent to the server", emit_command, emit);
  c->add_option("CLOUDEVENT", emit.event, input_help)->required();
  add_server(c, emit.server);
}

void CommandLine::add_task_commands() {
  CLI::App* c = command("tasks", "List the human tasks that your roles may act on", tasks_command, list);
  c->add_option("--state", list.state, "open (default) or closed");
  c->add_flag("--all", list.all, "Also those for other roles");
  add_server(c, list.server);

  server_command("task", "Show one human task: what is asked, the exact effect, what is missing", task_command, "Task");
  c = command("approve", "Approve the effect of a task; of several that mean the same, all or none", approve_command,
              approve);
  c->add_option("ID", approve.ids, "Tasks")->required();
  c->add_option("--comment", approve.comment, "Kept in the journal");
  c->add_option("--digest", approve.digest, "Digest of the task as you saw it; refused when what it shows has changed");
  add_server(c, approve.server);
  c = server_command("reject", "Reject the effect of a task", reject_command, "Task");
  c->add_option("--comment", id.comment, "Why; kept in the journal")->required();
  c->add_option("--digest", id.digest, "Digest of the task as you saw it; refused when what it shows has changed");
  c = server_command("answer", "Answer a decision or resolution task", answer_command, "Task");
  c->add_option("JSON", id.answer, "The answer, as the task's schema says")->required();

  c = command("gate", "Stop effects, start them again, or show what is stopped", gate_command, gate);
  c->add_option("ACTION", gate.action, "status (default), stop or start")
      ->check(CLI::IsMember({"status", "stop", "start"}));
  // As of a variable that is not set: without a name it would be about everything.
  const auto is_name = [](const std::string& name) {
    return name.empty() ? std::string("expected a name, found an empty text; leave the option out to mean all") : std::string();
  };
  c->add_option("--tool", gate.tool, "Only effects of this TOOL or TOOL.OPERATION")->check(is_name);
  c->add_option("--workflow", gate.workflow, "Only those of this workflow, NAMESPACE/NAME")->check(is_name);
  c->add_option("--principal", gate.principal, "Only those that this person asked for")->check(is_name);
  c->add_option("--reason", gate.reason, "Why; kept in the journal, and told to who asks");
  add_server(c, gate.server);
}

void CommandLine::add_store_commands() {
  auto add = [&](const char* name, const char* help, int (*function)(const StoreCommandOptions&)) {
    CLI::App* added = command(name, help, function, maintenance);
    added->add_option("--store", maintenance.store, "Journal (default: that of --dir)");
    added->add_option("--dir", maintenance.directory, "Project directory (default: the current one)");
    added->add_flag("--json", maintenance.json, "Print JSON");
    return added;
  };
  add("backup", "Write a consistent copy of the journal to a new file, also while the server runs", backup_command)
      ->add_option("FILE", maintenance.file, "The new file")
      ->required();
  add("store", "Show the size of the journal by kind, its growth, and when the disk is full", store_command);
  add("doctor", "Check the store, its audit chain, the disk, the clock and the sandbox; exit 1 if something is wrong", doctor_command);
}

void CommandLine::add_audit_commands() {
  CLI::App* group = app.add_subcommand("audit", "Verify, export and erase: the journal and its hash chain");
  group->require_subcommand(1);
  auto add = [&](const char* name, const char* help, int (*function)(const AuditCommandOptions&)) {
    CLI::App* added = command_of(*group, name, help, function, audit);
    added->add_option("--store", audit.store, "Journal (default: that of --dir)");
    added->add_option("--dir", audit.directory, "Project directory (default: the current one)");
    return added;
  };
  CLI::App* c = add("verify", "Check every event against the hash chain and the signed checkpoints; exit 1 if anything was changed", audit_verify_command);
  c->add_option("--checkpoints", audit.checkpoints, "Checkpoints kept elsewhere, one JSON object a line: see audit head");
  c->add_option("--public-key", audit.public_keys, "File with a trusted public key (PEM); may be repeated")->allow_extra_args(false);
  c->add_flag("--json", audit.json, "Print JSON");
  add("head", "Print the chain's head, signed, as one line of JSON: keep it elsewhere", audit_head_command);
  c = add("export", "Write the journal for other programs", audit_export_command);
  c->add_option("--format", audit.format, "jsonl: every event with what verifies it; ocel: OCEL 2.0 for process mining")->check(CLI::IsMember({"jsonl", "ocel"}));
  c->add_option("--instance", audit.instance, "Only this instance");
  c->add_option("--out", audit.out, "A new file (default: standard output)");
  c = add("replay", "Run an instance's recorded inputs and effects again and compare; exit 1 if anything differs", audit_replay_command);
  c->add_option("INSTANCE", audit.instance, "The instance")->required();
  c->add_flag("--json", audit.json, "Print JSON");
  c = add("erase", "Erase personal data; the chain stays intact. No server may run on the store", audit_erase_command);
  c->add_option("--instance", audit.instance, "All content of this instance, which must have ended");
  c->add_option("--subject", audit.subject, "Every text that contains this one, in all instances that have ended");
  c->add_option("--reason", audit.reason, "Why; kept in the journal, so it must not name the person")->required();
  c->add_option("--person", audit.person, "Who erases (default: the login name)");
  c->add_flag("--json", audit.json, "Print JSON");
  add("key", "Print the public key (PEM) that verifies the checkpoints", audit_key_command);
}

}  // namespace

namespace {

// `gantry eval -.a`: the expression looks like an option.
void hint_at_dashes(int argument_count, char** arguments) {
  if (argument_count < 2 || std::string_view(arguments[1]) != "eval") return;
  for (int i = 2; i < argument_count; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--") return;
    const bool looks_like_option = argument.size() > 1 && argument[0] == '-' && argument[1] != '-';
    if (looks_like_option)
      note("an expression that starts with '-' comes last, after '--': gantry eval -- '" + std::string(argument) + "'");
  }
}

}  // namespace

int run_command_line(int argument_count, char** arguments) {
  CommandLine line;
  line.app.set_version_flag("--version", version_text());
  line.app.require_subcommand(1);
  line.app.footer(
      "Start here: gantry check PROJECT, gantry run FILE, gantry serve --dir PROJECT. Documentation: "
      "docs/getting-started.md");
  line.add_local_commands();
  line.add_policy_commands();
  line.add_program_commands();
  line.add_server_commands();
  line.add_task_commands();
  line.add_audit_commands();
  line.add_store_commands();
  try {
    line.app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& error) {
    int status = line.app.exit(error);
    if (status != 0) hint_at_dashes(argument_count, arguments);
    return status == 0 ? 0 : 2;
  }
  return line.chosen();
}

}  // namespace gantry::cli

// One option struct and one function per command; command_line.cpp fills the structs. Each function returns the exit
// status and has printed what there is to say.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gantry::cli {

struct CheckOptions {
  std::vector<std::string> paths;
  bool json = false;
};
int check_command(const CheckOptions& options);

struct ProveOptions {
  std::string path = ".", workflow, invariant;
  std::size_t states = 0;  // 0: the default
  double seconds = 0;
  bool allow_unknown = false, json = false;
};
int prove_command(const ProveOptions& options);

struct SimOptions {
  std::uint64_t seed = 0;  // 0: not said
  std::size_t seeds = 0, steps = 1'500;
  std::string length;  // ISO 8601 duration; empty: as many as `seeds`
  bool trace = false, json = false;
};
int sim_command(const SimOptions& options);

// policy test, lint, attack, diff: policies tried out; nothing is written.
struct PolicyOptions {
  std::string path = ".", other, store, run, people, at;
  std::uint64_t seed = 1;
  bool coverage = false, summary = false, strict = false, allow_stricter = false, json = false;
};
int policy_test_command(const PolicyOptions& options);
int policy_lint_command(const PolicyOptions& options);
int policy_attack_command(const PolicyOptions& options);
int policy_diff_command(const PolicyOptions& options);

struct EvalOptions {
  std::string expression, input, arguments_file;
  std::vector<std::string> arguments;  // NAME=JSON
  bool json = false;
};
int eval_command(const EvalOptions& options);

struct SchemaOptions {
  std::string schema, instance;
  bool json = false;
};
int schema_command(const SchemaOptions& options);

struct ConvertOptions {
  std::string file, as;
};
int convert_command(const ConvertOptions& options);

struct RunOptions {
  std::string file, input, directory, store;
  bool no_wait = false, json = false, skip_waits = false;
  std::string simulate;                     // ISO 8601 duration: run the project's schedules, so long
  std::vector<std::string> host_overrides;  // FROM=TO
  std::string person;                       // who runs it; default: the login name
};
int run_command(const RunOptions& options);
// run --simulate: on a clock that jumps from one occasion to the next; then tells what was started.
struct RuntimeOptions;
int simulate_schedules(const RunOptions& options, RuntimeOptions runtime_options);

struct ServeOptions {
  std::string directory = ".", store, listen;
  bool any_address = false;
  std::vector<std::string> host_overrides;
  std::string port_file;
  bool standby = false;  // waits while another node writes the store
  std::string node, lease;
  int partitions = 0;   // of a database that nodes share; 0: as it has
  std::string address;  // where other nodes reach this one; empty: where it listens
  std::string author;  // who is said to deploy the directory; empty: the account of the system
};
int serve_command(const ServeOptions& options);

struct TokenOptions {
  std::string action, store, directory, person, valid_for;
  std::vector<std::string> roles;
  bool json = false;
};
int token_command(const TokenOptions& options);

// audit ...: reads the store directly, also beside a running server.
struct AuditCommandOptions {
  std::string store, directory, checkpoints;
  std::vector<std::string> public_keys;
  std::string format = "jsonl", out, instance, subject, reason, person;
  bool json = false;
};
int audit_verify_command(const AuditCommandOptions& options);
int audit_head_command(const AuditCommandOptions& options);
int audit_export_command(const AuditCommandOptions& options);
int audit_replay_command(const AuditCommandOptions& options);
int audit_erase_command(const AuditCommandOptions& options);
int audit_key_command(const AuditCommandOptions& options);

// backup, store, doctor: the store and its surroundings, also beside a running server.
struct StoreCommandOptions {
  std::string store, directory, file;
  bool json = false;
};
int backup_command(const StoreCommandOptions& options);
int store_command(const StoreCommandOptions& options);
int doctor_command(const StoreCommandOptions& options);

struct McpOptions {
  std::string action, tool, directory = ".", person;
  std::vector<std::string> host_overrides;
  bool json = false;
};
int mcp_command(const McpOptions& options);

// Where the server is and who asks; from --server and --token-file, or GANTRY_URL and GANTRY_TOKEN.
struct ServerOptions {
  std::string url, token_file;
  bool json = false;
};

struct DeployOptions {
  ServerOptions server;
  std::vector<std::string> paths;
};
int deploy_command(const DeployOptions& options);

struct StartOptions {
  ServerOptions server;
  std::string workflow, input, key;
  int wait_seconds = 0;
};
int start_command(const StartOptions& options);

struct ListOptions {
  ServerOptions server;
  std::string status, workflow, state;
  bool all = false;
};
int instances_command(const ListOptions& options);
int tasks_command(const ListOptions& options);
int schedules_command(const ListOptions& options);

struct IdOptions {
  ServerOptions server;
  std::string id, comment, answer, digest, reason, task;
};
int show_command(const IdOptions& options);
int journal_command(const IdOptions& options);
int cancel_command(const IdOptions& options);
int suspend_command(const IdOptions& options);
int resume_command(const IdOptions& options);
int retry_command(const IdOptions& options);
int fork_command(const IdOptions& options);
int task_command(const IdOptions& options);
int reject_command(const IdOptions& options);
int answer_command(const IdOptions& options);

// migrate: running instances go on under another version of their workflow.
struct MigrateOptions {
  ServerOptions server;
  std::string workflow, from, to, map, undo;
  bool plan = false, apply = false, partly = false;
};
int migrate_command(const MigrateOptions& options);

struct HoldOptions {
  ServerOptions server;
  std::string action, workflow, instance, reason;
};
int hold_command(const HoldOptions& options);

struct ApproveOptions {
  ServerOptions server;
  std::vector<std::string> ids;
  std::string comment, digest;
};
int approve_command(const ApproveOptions& options);

// gantry gate [status|stop|start]
struct GateOptions {
  ServerOptions server;
  std::string action = "status", tool, workflow, principal, reason;
};
int gate_command(const GateOptions& options);

struct EmitOptions {
  ServerOptions server;
  std::string event;
};
int emit_command(const EmitOptions& options);

}  // namespace gantry::cli

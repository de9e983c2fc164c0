// token: create, list, revoke. Works on the store directly, also beside a running server, because whoever can write the
// store's file is its administrator already.
#include <algorithm>

#include "cli/commands.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/person_name.h"
#include "cli/runtime.h"
#include "server/authentication.h"
#include "value/json.h"
#include "value/utf8.h"

namespace gantry::cli {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

Result<std::unique_ptr<journal::Store>> open_token_store(const TokenOptions& options) {
  std::string directory = options.directory.empty() ? "." : options.directory;
  std::string url = options.store;
  if (url.empty()) {
    const definition::Settings settings = TRY(read_settings(directory));
    url = resolve_store(settings.store, directory);
  }
  journal::StoreOptions store_options;
  store_options.tokens_only = true;
  return open_store(url, store_options);
}

void warn_of_look_alikes(const std::string& person, const std::vector<journal::TokenRecord>& tokens) {
  for (const journal::TokenRecord& token : tokens) {
    if (!looks_like(person, token.person)) continue;
    note("warning: " + person + " is easily taken for " + printable(token.person) +
         ", who has a token already; they are two people for every rule");
    return;
  }
}

int create(const TokenOptions& options, journal::Store& store) {
  if (options.person.empty())
    return fail({Code::invalid_argument, "--person is needed: whom does the token stand for?"});
  if (auto named = check_person_name("--person", options.person); !named) return fail(named.error());
  for (const std::string& role : options.roles)
    if (auto named = check_role_name("--role", role); !named) return fail(named.error());
  auto known = store.tokens();
  if (!known) return fail(known.error());
  std::optional<Duration> valid_for;
  if (!options.valid_for.empty()) {
    auto duration = parse_duration(options.valid_for);
    if (!duration) return fail({Code::invalid_argument, "--valid-for: " + duration.error().message});
    if (*duration <= Duration::zero())
      return fail({Code::invalid_argument, "--valid-for: expected a positive duration"});
    valid_for = *duration;
  }
  SystemRandom random;
  server::NewToken created =
      server::create_token(options.person, options.roles, valid_for, SystemClock().now(), random);
  if (auto added = store.add_token(created.record); !added) return fail(added.error());
  warn_of_look_alikes(options.person, *known);
  print_result(options.json ? print_json(Value::object({{"token", created.token}, {"person", options.person}}))
                            : created.token);
  note("keep it: only its hash is stored; " + options.person +
       " has the roles: " + (options.roles.empty() ? "none" : joined(options.roles)));
  return exit_done;
}

int list(const TokenOptions& options, journal::Store& store) {
  auto tokens = store.tokens();
  if (!tokens) return fail(tokens.error());
  std::vector<std::vector<std::string>> table{{"PERSON", "ROLES", "CREATED", "EXPIRES", "STATE"}};
  std::vector<Value> rows;
  for (const auto& token : *tokens) {
    std::string expires = token.expires ? format_timestamp(*token.expires) : "never";
    table.push_back({printable(repaired_utf8(token.person)), joined(token.roles), format_timestamp(token.created), expires,
                     token.revoked ? "revoked" : "valid"});
    rows.push_back(Value::object(
        {{"person", repaired_utf8(token.person)}, {"roles", joined(token.roles)}, {"expires", expires}, {"revoked", token.revoked}}));
  }
  options.json ? print_value(Value::array(std::move(rows))) : print_table(table);
  return exit_done;
}

// A name that has no token is a typing error: who has to be kept out would still be in.
int revoke(const TokenOptions& options, journal::Store& store) {
  if (options.person.empty())
    return fail({Code::invalid_argument, "--person is needed: whose tokens are to be revoked?"});
  auto tokens = store.tokens();
  if (!tokens) return fail(tokens.error());
  if (std::none_of(tokens->begin(), tokens->end(), [&](const auto& token) { return token.person == options.person; }))
    return fail({Code::not_found,
                 "nobody called '" + printable(options.person) + "' has a token; nothing is revoked (see gantry token list)"});
  if (auto revoked = store.revoke_tokens(options.person); !revoked) return fail(revoked.error());
  note("all tokens of " + printable(options.person) + " are revoked");
  return exit_done;
}

}  // namespace

int token_command(const TokenOptions& options) {
  auto store = open_token_store(options);
  if (!store) return fail(store.error());
  if (options.action == "create") return create(options, **store);
  if (options.action == "list") return list(options, **store);
  return revoke(options, **store);
}

}  // namespace gantry::cli

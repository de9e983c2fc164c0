#include "engine/lent_roles.h"

#include <algorithm>

#include "gate/delegation.h"

namespace gantry::engine {
namespace {

bool has_role(const journal::TokenRecord& token, const std::string& person, const std::string& role, Timestamp now) {
  return token.person == person && !token.revoked && (!token.expires || now < *token.expires) &&
         std::find(token.roles.begin(), token.roles.end(), role) != token.roles.end();
}

}  // namespace

Result<std::vector<definition::Delegation>> lent_roles(
    const definition::ProjectPointer& project, const std::string& person, Timestamp now,
    const std::function<Result<std::vector<journal::TokenRecord>>()>& tokens) {
  if (!project || !project->policy_set || project->policy_set->delegations().empty())
    return std::vector<definition::Delegation>();
  const std::vector<journal::TokenRecord> known = TRY(tokens());
  return gate::lent_to(project->policy_set->delegations(), person, now,
                       [&](const std::string& lender, const std::string& role) {
                         return std::any_of(known.begin(), known.end(), [&](const journal::TokenRecord& token) {
                           return has_role(token, lender, role, now);
                         });
                       });
}

}  // namespace gantry::engine

#include "gate/approval.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gate/reading.h"

namespace gantry::gate {
namespace {

bool has_any(const definition::Principal& person, const std::vector<std::string>& roles) {
  return std::any_of(roles.begin(), roles.end(), [&](const std::string& role) { return person.has_role(role); });
}

// One signature that is needed: a requirement of three people is three of these.
struct Seat {
  std::size_t requirement;
  std::optional<std::size_t> person;  // index into the people who said yes
};

// Which people fill which seats, by augmenting paths: the most seats that can be filled by different people.
class Seating {
 public:
  Seating(const Approval& approval, const std::vector<const definition::Principal*>& people)
      : requirements_(approval.requirements), escalated_(approval.escalated), people_(people) {
    const auto& requirements = requirements_;
    for (std::size_t index = 0; index < requirements.size(); ++index) {
      for (std::size_t count = 0; count < requirements[index].count; ++count) seats_.push_back({index, std::nullopt});
    }
    for (std::size_t person = 0; person < people.size(); ++person) {
      std::vector<bool> visited(seats_.size(), false);
      if (seat(person, visited)) ++filled_;
    }
  }

  bool complete() const { return filled_ == seats_.size(); }
  std::size_t filled() const { return filled_; }
  std::vector<definition::ApproverRequirement> empty_seats() const {
    std::vector<definition::ApproverRequirement> empty;
    for (std::size_t index = 0; index < requirements_.size(); ++index) {
      const auto count = std::count_if(seats_.begin(), seats_.end(), [&](const Seat& seat) {
        return seat.requirement == index && !seat.person.has_value();
      });
      if (count > 0) empty.push_back({.role = requirements_[index].role, .count = static_cast<std::size_t>(count)});
    }
    return empty;
  }

 private:
  bool seat(std::size_t person, std::vector<bool>& visited) {
    for (std::size_t index = 0; index < seats_.size(); ++index) {
      if (visited[index] || !may_sit(*people_[person], requirements_[seats_[index].requirement].role)) continue;
      visited[index] = true;
      if (seats_[index].person.has_value() && !seat(*seats_[index].person, visited)) continue;
      seats_[index].person = person;
      return true;
    }
    return false;
  }

  bool may_sit(const definition::Principal& person, const std::string& role) const {
    return person.has_role(role) || has_any(person, escalated_);
  }

  const std::vector<definition::ApproverRequirement>& requirements_;
  const std::vector<std::string>& escalated_;
  const std::vector<const definition::Principal*>& people_;
  std::vector<Seat> seats_;
  std::size_t filled_ = 0;
};

// Why somebody may not decide on this at all, whatever roles they hold; empty when they may.
std::string exclusion_of(const Approval& approval, const std::string& person) {
  if (approval.requester_excluded && person == approval.requester) return "asked for this effect";
  if (!approval.author.empty() && person == approval.author) return "wrote the workflow that asks for it";
  if (std::find(approval.excluded.begin(), approval.excluded.end(), person) != approval.excluded.end())
    return "asked for this run again, or wrote a workflow of it,";
  return "";
}

bool entitled(const Approval& approval, const Vote& vote) {
  if (vote.voter.person.empty() || !exclusion_of(approval, vote.voter.person).empty()) return false;
  if (!vote.on_behalf_of.empty() && !exclusion_of(approval, vote.on_behalf_of).empty()) return false;
  return has_any(vote.voter, approval.escalated) ||
         std::any_of(approval.requirements.begin(), approval.requirements.end(),
                     [&](const auto& requirement) { return vote.voter.has_role(requirement.role); });
}

// The same person, or somebody who speaks for them.
bool are_one(const Vote& left, const Vote& right) {
  const auto names = [](const Vote& vote, const std::string& person) {
    return vote.voter.person == person || vote.on_behalf_of == person;
  };
  return names(left, right.voter.person) || (!right.on_behalf_of.empty() && names(left, right.on_behalf_of));
}

// Counts each person once and no one who is not entitled, whatever is written in `votes`.
std::vector<const definition::Principal*> people_for(const Approval& approval) {
  std::vector<const Vote*> counted;
  for (const Vote& vote : approval.votes) {
    const bool again =
        std::any_of(counted.begin(), counted.end(), [&](const Vote* earlier) { return are_one(*earlier, vote); });
    if (vote.approve && !again && vote.at < approval.expires && entitled(approval, vote)) counted.push_back(&vote);
  }
  std::vector<const definition::Principal*> people;
  for (const Vote* vote : counted) people.push_back(&vote->voter);
  return people;
}

Status check_open(const Approval& approval, Timestamp now) {
  switch (state_of(approval, now)) {
    case ApprovalState::pending:
      return done();
    case ApprovalState::approved:
      return Error{Code::conflict, "approval: it is complete already"};
    case ApprovalState::rejected:
      return Error{Code::conflict, "approval: it was rejected"};
    case ApprovalState::expired:
      break;
  }
  return Error{Code::conflict, fmt::format("approval: it expired at {}", format_timestamp(approval.expires))};
}

// The vote in the name of somebody who lent the voter a role that is asked for; the vote as it is when nobody did.
Vote with_delegation(const Approval& approval, Vote vote, std::span<const definition::Delegation> delegations) {
  for (const definition::Delegation& each : delegations) {
    if (each.to != vote.voter.person || vote.at < each.since || vote.at >= each.until) continue;
    Vote delegated = vote;
    delegated.voter.roles = {each.role};
    delegated.on_behalf_of = each.from;
    const bool again = std::any_of(approval.votes.begin(), approval.votes.end(),
                                   [&](const Vote& earlier) { return are_one(earlier, delegated); });
    if (!again && entitled(approval, delegated)) return delegated;
  }
  return vote;
}

Status check_voter(const Approval& approval, const Vote& vote) {
  const definition::Principal& voter = vote.voter;
  if (voter.person.empty()) return Error{Code::denied, "approval: a vote needs a person"};
  if (const std::string why = exclusion_of(approval, voter.person); !why.empty())
    return Error{Code::denied, fmt::format("approval: {} {} and may not decide on it", voter.person, why)};
  for (const Vote& earlier : approval.votes) {
    if (earlier.voter.person == voter.person)
      return Error{Code::denied, fmt::format("approval: {} has voted already", voter.person)};
    if (are_one(earlier, vote))
      return Error{Code::denied,
                   fmt::format("approval: {} has voted already in the name of {}", earlier.voter.person, voter.person)};
  }
  if (!entitled(approval, vote)) {
    return Error{Code::denied, fmt::format("approval: {} has none of the roles that are asked for", voter.person)};
  }
  return done();
}

}  // namespace

ApprovalState state_of(const Approval& approval, Timestamp now) {
  for (const Vote& vote : approval.votes) {
    if (!vote.approve && entitled(approval, vote)) return ApprovalState::rejected;
  }
  if (approval.used) return ApprovalState::approved;
  if (now >= approval.expires) return ApprovalState::expired;
  // No requirement at all is a defect of whoever made it; it must not read as "nobody needs to agree".
  if (approval.requirements.empty()) return ApprovalState::pending;
  return Seating(approval, people_for(approval)).complete() ? ApprovalState::approved : ApprovalState::pending;
}

std::vector<definition::ApproverRequirement> missing(const Approval& approval) {
  return Seating(approval, people_for(approval)).empty_seats();
}

Status add_vote(Approval& approval, Vote vote, std::string_view shown_digest,
                std::span<const definition::Delegation> delegations) {
  TRY(check_open(approval, vote.at));
  if (shown_digest != approval.shown_digest) {
    return Error{Code::conflict,
                 "approval: what was shown has changed since; look at it again and decide on what it is now"};
  }
  vote.on_behalf_of.clear();
  if (!entitled(approval, vote)) vote = with_delegation(approval, std::move(vote), delegations);
  TRY(check_voter(approval, vote));
  const std::size_t filled = Seating(approval, people_for(approval)).filled();
  const bool approve = vote.approve;
  std::string person = vote.voter.person;
  approval.votes.push_back(std::move(vote));
  if (approve && Seating(approval, people_for(approval)).filled() == filled) {
    approval.votes.pop_back();
    return Error{Code::denied, fmt::format("approval: no role of {} is still needed", person)};
  }
  return done();
}

Value to_value(const std::vector<DueEscalation>& escalations) {
  std::vector<Value> items;
  for (const DueEscalation& each : escalations)
    items.push_back(Value::object({{"due", format_timestamp(each.due)}, {"roles", texts_value(each.roles)}}));
  return Value::array(std::move(items));
}

Result<std::vector<DueEscalation>> due_escalations_from(const Value& value) {
  std::vector<DueEscalation> escalations;
  if (!value.is_array()) return escalations;
  for (const Value& item : value.items()) {
    const FieldReader fields{"escalation", item};
    DueEscalation escalation;
    escalation.due = TRY(fields.timestamp("due"));
    escalation.roles = TRY(fields.texts("roles"));
    escalations.push_back(std::move(escalation));
  }
  return escalations;
}

Value to_value(const Approval& approval) {
  std::vector<Value> votes;
  votes.reserve(approval.votes.size());
  for (const Vote& vote : approval.votes) {
    votes.push_back(Value::object({{"person", vote.voter.person},
                                   {"roles", texts_value(vote.voter.roles)},
                                   {"onBehalfOf", vote.on_behalf_of},
                                   {"approve", vote.approve},
                                   {"comment", vote.comment},
                                   {"at", format_timestamp(vote.at)}}));
  }
  return Value::object({
      {"effect", approval.effect_digest},
      {"policy", approval.policy_digest},
      {"shown", approval.shown_digest},
      {"requirements", requirements_value(approval.requirements)},
      {"requester", approval.requester},
      {"requesterExcluded", approval.requester_excluded},
      {"authorExcluded", approval.author},
      {"alsoExcluded", texts_value(approval.excluded)},
      {"expires", format_timestamp(approval.expires)},
      {"escalations", to_value(approval.escalations)},
      {"escalated", texts_value(approval.escalated)},
      {"votes", Value::array(std::move(votes))},
      {"used", approval.used},
  });
}

Result<Approval> approval_from(const Value& value) {
  const FieldReader fields{"approval", value};
  Approval approval;
  approval.effect_digest = TRY(fields.text("effect"));
  approval.policy_digest = TRY(fields.text("policy"));
  // Written since there are escalations: before, the effect's digest was what people saw.
  approval.shown_digest = value.string_or("shown", approval.effect_digest);
  approval.author = value.string_or("authorExcluded", "");
  if (value.member("alsoExcluded").is_array()) approval.excluded = TRY(fields.texts("alsoExcluded"));
  approval.escalations = TRY(due_escalations_from(value.member("escalations")));
  if (value.find("escalated") != nullptr) approval.escalated = TRY(fields.texts("escalated"));
  approval.requirements = TRY(fields.requirements("requirements"));
  approval.requester = TRY(fields.text("requester"));
  approval.requester_excluded = TRY(fields.boolean("requesterExcluded"));
  approval.expires = TRY(fields.timestamp("expires"));
  approval.used = TRY(fields.boolean("used"));
  for (const Value& item : *TRY(fields.array("votes"))) {
    const FieldReader vote_fields{"vote", item};
    Vote vote;
    vote.voter.person = TRY(vote_fields.text("person"));
    vote.voter.roles = TRY(vote_fields.texts("roles"));
    vote.on_behalf_of = item.string_or("onBehalfOf", "");
    vote.approve = TRY(vote_fields.boolean("approve"));
    vote.comment = TRY(vote_fields.text("comment"));
    vote.at = TRY(vote_fields.timestamp("at"));
    approval.votes.push_back(std::move(vote));
  }
  return approval;
}

}  // namespace gantry::gate

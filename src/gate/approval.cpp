#include "gate/approval.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "gate/reading.h"

namespace gantry::gate {
namespace {

// One signature that is needed: a requirement of three people is three of these.
struct Seat {
  std::size_t requirement;
  std::optional<std::size_t> person;  // index into the people who said yes
};

// Which people fill which seats, by augmenting paths: the most seats that can be filled by different people.
class Seating {
 public:
  Seating(const std::vector<definition::ApproverRequirement>& requirements,
          const std::vector<const definition::Principal*>& people)
      : requirements_(requirements), people_(people) {
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
      if (visited[index] || !people_[person]->has_role(requirements_[seats_[index].requirement].role)) continue;
      visited[index] = true;
      if (seats_[index].person.has_value() && !seat(*seats_[index].person, visited)) continue;
      seats_[index].person = person;
      return true;
    }
    return false;
  }

  const std::vector<definition::ApproverRequirement>& requirements_;
  const std::vector<const definition::Principal*>& people_;
  std::vector<Seat> seats_;
  std::size_t filled_ = 0;
};

bool entitled(const Approval& approval, const definition::Principal& person) {
  if (person.person.empty()) return false;
  if (approval.requester_excluded && person.person == approval.requester) return false;
  return std::any_of(approval.requirements.begin(), approval.requirements.end(),
                     [&](const auto& requirement) { return person.has_role(requirement.role); });
}

// Counts each person once and no one who is not entitled, whatever is written in `votes`.
std::vector<const definition::Principal*> people_for(const Approval& approval) {
  std::vector<const definition::Principal*> people;
  for (const Vote& vote : approval.votes) {
    const bool counted = std::any_of(people.begin(), people.end(),
                                     [&](const auto* person) { return person->person == vote.voter.person; });
    if (vote.approve && !counted && vote.at < approval.expires && entitled(approval, vote.voter)) {
      people.push_back(&vote.voter);
    }
  }
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

Status check_voter(const Approval& approval, const Vote& vote) {
  const definition::Principal& voter = vote.voter;
  if (voter.person.empty()) return Error{Code::denied, "approval: a vote needs a person"};
  if (approval.requester_excluded && voter.person == approval.requester) {
    return Error{Code::denied,
                 fmt::format("approval: {} asked for this effect and may not decide on it", voter.person)};
  }
  for (const Vote& earlier : approval.votes) {
    if (earlier.voter.person == voter.person) {
      return Error{Code::denied, fmt::format("approval: {} has voted already", voter.person)};
    }
  }
  if (!entitled(approval, voter)) {
    return Error{Code::denied, fmt::format("approval: {} has none of the roles that are asked for", voter.person)};
  }
  return done();
}

}  // namespace

ApprovalState state_of(const Approval& approval, Timestamp now) {
  for (const Vote& vote : approval.votes) {
    if (!vote.approve && entitled(approval, vote.voter)) return ApprovalState::rejected;
  }
  if (approval.used) return ApprovalState::approved;
  if (now >= approval.expires) return ApprovalState::expired;
  // No requirement at all is a defect of whoever made it; it must not read as "nobody needs to agree".
  if (approval.requirements.empty()) return ApprovalState::pending;
  return Seating(approval.requirements, people_for(approval)).complete() ? ApprovalState::approved
                                                                         : ApprovalState::pending;
}

std::vector<definition::ApproverRequirement> missing(const Approval& approval) {
  return Seating(approval.requirements, people_for(approval)).empty_seats();
}

Status add_vote(Approval& approval, Vote vote, std::string_view shown_digest) {
  TRY(check_open(approval, vote.at));
  if (shown_digest != approval.effect_digest) {
    return Error{Code::conflict,
                 "approval: the effect has changed since it was shown; look at it again and decide on what it is now"};
  }
  TRY(check_voter(approval, vote));
  const std::size_t filled = Seating(approval.requirements, people_for(approval)).filled();
  const bool approve = vote.approve;
  std::string person = vote.voter.person;
  approval.votes.push_back(std::move(vote));
  if (approve && Seating(approval.requirements, people_for(approval)).filled() == filled) {
    approval.votes.pop_back();
    return Error{Code::denied, fmt::format("approval: no role of {} is still needed", person)};
  }
  return done();
}

Value to_value(const Approval& approval) {
  std::vector<Value> votes;
  votes.reserve(approval.votes.size());
  for (const Vote& vote : approval.votes) {
    votes.push_back(Value::object({{"person", vote.voter.person},
                                   {"roles", texts_value(vote.voter.roles)},
                                   {"approve", vote.approve},
                                   {"comment", vote.comment},
                                   {"at", format_timestamp(vote.at)}}));
  }
  return Value::object({
      {"effect", approval.effect_digest},
      {"policy", approval.policy_digest},
      {"requirements", requirements_value(approval.requirements)},
      {"requester", approval.requester},
      {"requesterExcluded", approval.requester_excluded},
      {"expires", format_timestamp(approval.expires)},
      {"votes", Value::array(std::move(votes))},
      {"used", approval.used},
  });
}

Result<Approval> approval_from(const Value& value) {
  const FieldReader fields{"approval", value};
  Approval approval;
  approval.effect_digest = TRY(fields.text("effect"));
  approval.policy_digest = TRY(fields.text("policy"));
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
    vote.approve = TRY(vote_fields.boolean("approve"));
    vote.comment = TRY(vote_fields.text("comment"));
    vote.at = TRY(vote_fields.timestamp("at"));
    approval.votes.push_back(std::move(vote));
  }
  return approval;
}

}  // namespace gantry::gate

#include "server/partitioned_api.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <exception>

#include "base/log.h"
#include "value/json.h"

namespace gantry::server {
namespace {

constexpr Duration follower_patience = std::chrono::seconds(5);

using HandlerOfRoute = Response (*)(const Call&);

struct ReachOfHandler {
  HandlerOfRoute handler;
  Reach reach;
};

const ReachOfHandler reaches[] = {
    {show_health, Reach::node},
    {show_readiness, Reach::node},
    {show_metrics, Reach::node},
    {show_openapi, Reach::node},
    {show_caller, Reach::node},
    {list_workflows, Reach::home},
    {deploy_workflow, Reach::home_first},
    {deploy_project, Reach::home_first},
    {start_instance, Reach::start},
    {list_instances, Reach::list},
    {show_instance, Reach::read_one},
    {show_journal, Reach::read_one},
    {cancel_instance, Reach::owner},
    {suspend_instance, Reach::owner},
    {resume_instance, Reach::owner},
    {retry_instance, Reach::owner},
    {fork_instance, Reach::owner},
    {plan_migration, Reach::refused},
    {apply_migration, Reach::refused},
    {undo_migration, Reach::refused},
    {list_schedules, Reach::home},
    {show_effect, Reach::read_one},
    {list_tasks, Reach::list},
    {show_task, Reach::read_one},
    {answer_task, Reach::owner},
    {list_audit, Reach::list},
    {list_holds, Reach::holds_list},
    {post_hold, Reach::holds},
    {approve_tasks, Reach::tasks_of_body},
    {show_gate, Reach::home},
    {stop_gate, Reach::home_first},
    {start_gate, Reach::home_first},
    {list_events, Reach::list},
    {receive_events, Reach::everywhere},
};

MergeOrder order_of(const Route& route) {
  if (route.handle == list_instances) return {"startedAt", "number", true};
  if (route.handle == list_tasks) return {"createdAt", "position", false};
  if (route.handle == list_events) return {"at", "position", true};
  return {"at", "position", false};
}

bool is_done(const Response& response) {
  return response.status >= 200 && response.status < 300;
}

std::string numbers_text(const std::vector<std::size_t>& numbers) {
  std::string text;
  for (const std::size_t number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
  return text;
}

Response nobody_has(std::size_t partition) {
  return try_again(
      fmt::format("no node has partition {} at the moment; one takes it within the lease's time", partition));
}

Response with_unconfirmed(Response response, const std::vector<std::size_t>& unconfirmed) {
  auto body = parse_json(response.body);
  if (!body || !body->is_object()) return response;
  std::vector<Value> numbers;
  for (const std::size_t number : unconfirmed) numbers.emplace_back(static_cast<std::int64_t>(number));
  response.body = print_json((*std::move(body)).with_member("unconfirmed", Value::array(std::move(numbers))));
  return response;
}

Value added(const Value& sum, const Value& more) {
  if (more.is_number() && sum.is_number()) return Value(sum.as_integer() + more.as_integer());  // all are counts
  if (!more.is_object() || !sum.is_object()) return more;
  Value result = sum;
  for (const Member& member : more.members()) {
    const Value* known = sum.find(member.key.view());
    result = std::move(result).with_member(member.key, known ? added(*known, member.value) : member.value);
  }
  return result;
}

}  // namespace

Reach reach_of(const Route& route) {
  for (const auto& [handler, reach] : reaches)
    if (handler == route.handle) return reach;
  return Reach::refused;
}

PartitionedApi::PartitionedApi(Parts parts) : parts_(std::move(parts)) {
  for (journal::Query* reader : parts_.readers)
    reading_.push_back(std::make_unique<Api>(ApiParts{nullptr, reader, parts_.clock, parts_.version}));
}

Response PartitionedApi::handle(const Request& request) const {
  try {
    return route(request);
  } catch (const std::exception& error) {
    log(LogLevel::error, "request failed" + log_field("path", request.path) + log_field("error", error.what()));
    return problem_response(500, "Internal error", "the request failed inside Gantry; the log has the details");
  }
}

Response PartitionedApi::route(const Request& request) const {
  const auto matched = match_route(request);
  if (!matched) return reading_[0]->handle(request);  // says what is wrong
  const Reach reach = reach_of(*matched->route);
  if (!request.header(partition_header).empty()) return forwarded(*matched, request);
  switch (reach) {
    case Reach::node:
      return of_node(*matched, request);
    case Reach::read_one:
      return read(journal::partition_of(matched->arguments[0], parts_.directory->count()), request);
    case Reach::owner:
      return ask(journal::partition_of(matched->arguments[0], parts_.directory->count()), *matched, request);
    case Reach::start:
      return start(*matched, request);
    case Reach::home:
    case Reach::home_first:
      return ask(0, *matched, request);
    case Reach::everywhere:
      return ask_all(*matched, request);
    case Reach::holds:
      return change_hold_of(*matched, request);
    case Reach::holds_list:
      return list_holds_of_all(*matched, request);
    case Reach::list:
      return list(*matched, request);
    case Reach::tasks_of_body:
      return approve_tasks_of(*matched, request);
    case Reach::refused:
      break;
  }
  return problem_response(
      501, "Not possible with partitions",
      fmt::format("{} {} is not possible on a journal with partitions", matched->route->method, matched->route->path));
}

// From another node, which has decided where it belongs.
Response PartitionedApi::forwarded(const MatchedRoute& matched, const Request& request) const {
  if (!parts_.forwarder->is_node(request))
    return problem_response(403, "Not permitted",
                            std::string("the header ") + partition_header + " is for the nodes of one database");
  const std::string_view text = request.header(partition_header);
  std::size_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size() || number >= parts_.directory->count())
    return problem_response(400, "The request is wrong",
                            std::string(partition_header) + ": there is no such partition");
  if (reach_of(*matched.route) == Reach::list) return list(matched, request);
  const OpenPartitionPointer partition = parts_.directory->mine(number);
  return partition ? serve_here(partition, matched, request) : nobody_has(number);
}

Response PartitionedApi::serve_here(const OpenPartitionPointer& partition, const MatchedRoute& matched,
                                    const Request& request) const {
  // It may be that it has not followed the home's first deployment yet.
  if (reach_of(*matched.route) == Reach::start && !partition->engine->current_project())
    return try_again("no project is deployed yet; use 'gantry deploy PATH' or 'gantry serve --dir PROJECT'");
  Response response = partition->api->handle(request);
  if (partition->number != 0 || !is_done(response)) return response;
  if (reach_of(*matched.route) == Reach::home_first) {
    const std::vector<std::size_t> unconfirmed = parts_.await_followers(follower_patience);
    response = with_unconfirmed(std::move(response), unconfirmed);
    if (!unconfirmed.empty()) response.status = 202;
  }
  if (matched.route->handle == show_gate)
    return with_unconfirmed(std::move(response), parts_.await_followers(Duration::zero()));
  return response;
}

Response PartitionedApi::ask(std::size_t number, const MatchedRoute& matched, const Request& request) const {
  if (const OpenPartitionPointer partition = parts_.directory->mine(number))
    return serve_here(partition, matched, request);
  const std::string address = parts_.directory->address_of(number);
  return address.empty() ? nobody_has(number) : parts_.forwarder->send(address, number, request);
}

// One that is here, so that nothing is passed on that need not be; else one that somebody has.
std::size_t PartitionedApi::any_partition() const {
  const std::size_t turn = turn_.fetch_add(1, std::memory_order_relaxed);
  const auto mine = parts_.directory->all_mine();
  if (!mine.empty()) return mine[turn % mine.size()]->number;
  const std::size_t count = parts_.directory->count();
  for (std::size_t each = 0; each < count; ++each)
    if (!parts_.directory->address_of((turn + each) % count).empty()) return (turn + each) % count;
  return turn % count;
}

Response PartitionedApi::start(const MatchedRoute& matched, const Request& request) const {
  const std::string_view key = request.header("idempotency-key");
  const std::string workflow = matched.arguments[0] + "/" + matched.arguments[1];
  return ask(key.empty() ? any_partition() : journal::partition_of_key(workflow, key, parts_.directory->count()),
             matched, request);
}

Response PartitionedApi::read(std::size_t partition, const Request& request) const {
  return reading_[partition]->handle(request);
}

// Each journal's own page is made as without partitions, and they are merged. Which roles are lent is for an engine to
// say.
Response PartitionedApi::list(const MatchedRoute& matched, const Request& request) const {
  const auto mine = parts_.directory->all_mine();
  if (mine.empty() && matched.route->handle == list_tasks) {
    if (!request.header(partition_header).empty()) return nobody_has(0);
    return ask(any_partition(), matched, request);
  }
  Response refusal;
  const auto fetch = [&](std::size_t source, const journal::PageRequest& page) -> Result<journal::Page> {
    Request part = request;
    part.query["cursor"] = page.cursor;
    part.query["limit"] = std::to_string(page.limit);
    const Api api(
        {mine.empty() ? nullptr : mine.front()->engine, parts_.readers[source], parts_.clock, parts_.version});
    Response response = api.handle(part);
    auto body = parse_json(response.body);
    if (!is_done(response) || !body) {
      refusal = std::move(response);
      return Error{Code::internal, ""};
    }
    journal::Page result;
    const Value items = body->member("items");
    result.next_cursor = body->string_or("next", "");
    for (const Value& row : items.items()) {
      // What came from outside came to all: the home's is shown.
      const bool is_double =
          source > 0 && matched.route->handle == list_events && row.string_or("direction", "") == "in";
      if (!is_double) result.rows.push_back(row);
    }
    return result;
  };
  auto page = page_request(request);
  if (!page) return read(0, request);  // says what is wrong, or that the caller may not know
  auto merged = merge_pages(parts_.directory->count(), *page, order_of(*matched.route), fetch);
  if (merged) return page_response(*merged);
  return refusal.body.empty() ? error_response(merged.error()) : refusal;
}

// The home first: what it refuses goes nowhere.
Response PartitionedApi::ask_all(const MatchedRoute& matched, const Request& request) const {
  Response first = ask(0, matched, request);
  if (!is_done(first)) return first;
  std::vector<std::size_t> missing;
  for (std::size_t number = 1; number < parts_.directory->count(); ++number)
    if (!is_done(ask(number, matched, request))) missing.push_back(number);
  if (missing.empty()) return first;
  return try_again(fmt::format("not all partitions have taken it; send it again, which does no harm (missing: {})",
                               numbers_text(missing)));
}

Response PartitionedApi::change_hold_of(const MatchedRoute& matched, const Request& request) const {
  const auto body = body_value(request, Value::object(std::vector<Member>{}));
  const std::string instance(body && body->is_object() ? body->string_or("instance", "") : "");
  if (!instance.empty()) return ask(journal::partition_of(instance, parts_.directory->count()), matched, request);
  // Sent again after a part of them did it, the others answer that it is so already.
  const auto is_so = [](const Response& response) {
    return is_done(response) || response.status == 409 || response.status == 404;
  };
  Response answer = ask(0, matched, request);
  if (!is_so(answer)) return answer;
  std::vector<std::size_t> missing;
  for (std::size_t number = 1; number < parts_.directory->count(); ++number) {
    Response response = ask(number, matched, request);
    if (!is_so(response)) missing.push_back(number);
    if (is_done(response) && !is_done(answer)) answer = std::move(response);
  }
  if (missing.empty()) return answer;
  return try_again(
      fmt::format("the hold is not changed in all partitions; send it again (missing: {})", numbers_text(missing)));
}

Response PartitionedApi::list_holds_of_all(const MatchedRoute& matched, const Request& request) const {
  std::vector<Value> items;
  for (std::size_t number = 0; number < parts_.directory->count(); ++number) {
    Response response = ask(number, matched, request);
    auto body = parse_json(response.body);
    if (!is_done(response) || !body) return response;
    const Value rows = body->member("items");
    for (const Value& row : rows.items())
      if (number == 0 || row.string_or("scope", "").starts_with("instance:")) items.push_back(row);
  }
  return json_response(Value::object({{"items", Value::array(std::move(items))}, {"next", Value()}}));
}

Response PartitionedApi::approve_tasks_of(const MatchedRoute& matched, const Request& request) const {
  const auto body = body_value(request, Value::object(std::vector<Member>{}));
  const Value tasks = body && body->is_object() ? body->member("tasks") : Value();
  std::optional<std::size_t> partition;
  if (tasks.is_array()) {
    for (const Value& task : tasks.items()) {
      const std::size_t its =
          journal::partition_of(task.is_object() ? task.string_or("id", "") : "", parts_.directory->count());
      if (partition && *partition != its)
        return problem_response(
            400, "The request is wrong",
            "these tasks are in different partitions, and only those of one are approved all or none; decide on "
            "them one by one, or by their member 'partition' in the list of tasks");
      partition = its;
    }
  }
  return ask(partition.value_or(0), matched, request);
}

Response PartitionedApi::of_node(const MatchedRoute& matched, const Request& request) const {
  if (matched.route->handle == show_readiness) return readiness();
  if (matched.route->handle == show_metrics) return metrics();
  return read(0, request);
}

Response PartitionedApi::readiness() const {
  const auto mine = parts_.directory->all_mine();
  if (std::chrono::steady_clock::now() - parts_.directory->seen_at() > parts_.view_life)
    return try_again("this node has not heard from the database for a while");
  if (mine.empty() && parts_.directory->address_of(0).empty()) return nobody_has(0);
  if (!mine.empty() && !mine.front()->engine->current_project())
    return problem_response(503, "Not ready",
                            "no project is deployed yet; use 'gantry deploy PATH' or 'gantry serve --dir PROJECT'");
  std::vector<Value> numbers;
  for (const auto& each : mine) numbers.emplace_back(static_cast<std::int64_t>(each->number));
  return json_response(Value::object({{"status", "ready"}, {"partitions", Value::array(std::move(numbers))}}));
}

// Of the partitions that this node has: those of all nodes add up.
Response PartitionedApi::metrics() const {
  Value totals = Value::object(std::vector<Member>{});
  engine::EngineStatistics sum;
  const auto mine = parts_.directory->all_mine();
  for (const auto& each : mine) {
    auto its = each->query->totals();
    if (!its) return error_response(its.error());
    totals = added(totals, *its);
    const engine::EngineStatistics statistics = each->engine->statistics();
    sum.commits += statistics.commits;
    sum.events += statistics.events;
    sum.effects_sent += statistics.effects_sent;
    sum.running += statistics.running;
    sum.inbox += statistics.inbox;
    sum.in_flight += statistics.in_flight;
  }
  std::string text = metrics_text(totals, sum);
  text += fmt::format(
      "# HELP gantry_partitions Partitions that this node has.\n# TYPE gantry_partitions gauge\ngantry_partitions {}\n",
      mine.size());
  return {200, std::move(text), "text/plain; version=0.0.4", {}};
}

}  // namespace gantry::server

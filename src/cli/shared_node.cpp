#include "cli/shared_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "base/log.h"
#include "journal/partition.h"
#include "server/retention_runner.h"

namespace gantry::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t forwards_max = 32;
constexpr auto beat_pause = std::chrono::milliseconds(250);
constexpr auto watch_pause = std::chrono::milliseconds(20);
constexpr std::uint64_t followed_lag_max =
    1'000;  // events of the home that may pass without a note that they were looked at

// What one open partition consists of; ends with the last who uses it, and tells.
struct PartitionOwner {
  std::unique_ptr<Runtime> runtime;
  std::optional<server::RetentionRunner> retention;
  std::promise<void> ended;
  ~PartitionOwner() {
    retention.reset();
    runtime.reset();
    ended.set_value();
  }
};

std::string number_field(std::size_t number) {
  return log_field("partition", std::to_string(number));
}

}  // namespace

SharedNode::SharedNode(SharedNodeOptions options)
    : options_(std::move(options)),
      url_(store_url(options_.runtime)),
      directory_(options_.partitions, options_.runtime.node_address),
      free_since_(options_.partitions),
      said_(options_.partitions),
      avoided_until_(options_.partitions) {}

journal::WriterNode SharedNode::self() const {
  return {options_.runtime.node, options_.runtime.node_address};
}

Result<std::unique_ptr<SharedNode>> SharedNode::join(SharedNodeOptions options) {
  std::unique_ptr<SharedNode> node(new SharedNode(std::move(options)));
  const std::string secret = TRY(journal::node_secret(node->url_));
  TRY(node->open_all(secret));
  const journal::NodesView view = TRY(node->beating_->beat());
  node->directory_.see(view);
  node->keeping_ = std::thread([raw = node.get()] { raw->keep(); });
  node->moving_thread_ = std::thread([raw = node.get()] { raw->move(); });
  return node;
}

Status SharedNode::open_all(const std::string& secret) {
  server::PartitionedApi::Parts parts;
  for (std::size_t number = 0; number < options_.partitions; ++number) {
    readers_.push_back(TRY(journal::Query::open(journal::partition_url(url_, number))));
    parts.readers.push_back(readers_.back().get());
  }
  home_ = TRY(open_store(journal::partition_url(url_, 0), {.read_only = true}));
  for (auto* table : {&beating_, &moving_, &watching_})
    *table = TRY(journal::NodeTable::open(url_, options_.partitions, self(), options_.lease));
  forwarder_ = std::make_unique<server::Forwarder>(secret, forwards_max);
  parts.directory = &directory_;
  parts.forwarder = forwarder_.get();
  parts.clock = &clock_;
  parts.version = options_.version;
  parts.view_life = options_.lease;
  parts.await_followers = [this](Duration at_most) { return await_followers(at_most); };
  api_ = std::make_unique<server::PartitionedApi>(std::move(parts));
  return done();
}

SharedNode::~SharedNode() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (keeping_.joinable()) keeping_.join();
  if (moving_thread_.joinable()) moving_thread_.join();
  if (beating_) (void)beating_->leave();
  for (std::size_t number = options_.partitions; number-- > 0;) close_partition(number);
}

void SharedNode::keep() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, std::min<Duration>(beat_pause, options_.lease / 4), [this] { return stopping_ || poked_; });
      if (stopping_) return;
      poked_ = false;
    }
    beat();
  }
}

void SharedNode::beat() {
  auto view = beating_->beat();
  if (!view) {
    if (!std::exchange(is_deaf_, true))
      log(LogLevel::warning,
          "this node can't tell the others that it lives" + log_field("error", view.error().message));
    return;
  }
  is_deaf_ = false;
  directory_.see(*view);
  follow(*view);
  const auto move = next_move(*view);
  if (!move) return;
  {
    std::lock_guard lock(mutex_);
    if (asked_) return;
    asked_ = move;
  }
  wake_.notify_all();
}

// --- Following the home

Result<engine::HomeChange> SharedNode::home_change(journal::Event event) {
  engine::HomeChange change{std::move(event), {}};
  if (change.event.type == journal::EventType::project_deployed)
    change.files = TRY(home_->project_files(change.event.data.string_or("project", "")));
  return change;
}

Status SharedNode::follow_one(server::OpenPartition& partition, const std::vector<journal::Event>& changes,
                              std::uint64_t until) {
  for (const journal::Event& event : changes) {
    std::vector<engine::HomeChange> one;
    one.push_back(TRY(home_change(event)));
    TRY(partition.engine->follow(std::move(one)));
  }
  if (!changes.empty() || until > partition.followed + followed_lag_max) {
    TRY(beating_->note_followed(partition.number, until));
    partition.followed = until;
  }
  return done();
}

// What was done of it and not noted, because of an error, is done again: that does no harm.
void SharedNode::follow(const journal::NodesView& view) {
  for (const auto& partition : directory_.all_mine()) {
    if (partition->number == 0 || view.home_position <= partition->followed) continue;
    const auto changes = beating_->home_changes(partition->followed, view.home_position);
    const Status followed = changes ? follow_one(*partition, *changes, view.home_position) : Status(changes.error());
    if (!followed)
      log(LogLevel::warning, "a partition could not follow the home; it is tried again" +
                                 number_field(partition->number) + log_field("error", followed.error().message));
  }
}

std::vector<std::size_t> SharedNode::await_followers(Duration at_most) {
  {
    std::lock_guard lock(mutex_);
    poked_ = true;
  }
  wake_.notify_all();
  std::lock_guard lock(watch_mutex_);
  const auto deadline = SteadyClock::now() + at_most;
  std::vector<std::size_t> missing;
  for (;;) {
    missing.clear();
    auto view = watching_->look();
    std::uint64_t before = UINT64_MAX;
    if (view)
      for (std::size_t number = 1; number < options_.partitions; ++number)
        before = std::min(before, view->partitions[number].followed);
    const auto last = view ? watching_->last_home_change(before) : Result<std::uint64_t>(view.error());
    for (std::size_t number = 1; number < options_.partitions; ++number)
      if (!last || view->partitions[number].followed < *last) missing.push_back(number);
    if (missing.empty() || SteadyClock::now() > deadline) return missing;
    std::this_thread::sleep_for(watch_pause);
  }
}

// --- Who has what

std::optional<server::Move> SharedNode::next_move(const journal::NodesView& view) {
  const auto now = SteadyClock::now();
  std::vector<server::PartitionState> states(options_.partitions);
  for (std::size_t number = 0; number < options_.partitions; ++number) {
    const auto mine = directory_.mine(number);
    server::PartitionState& state = states[number];
    state.is_mine = mine != nullptr;
    if (mine && mine->is_beyond_share) state.beyond_for = std::chrono::duration_cast<Duration>(now - mine->opened_at);
    const bool is_free =
        !mine && (!view.partitions[number].is_held || view.partitions[number].owner.address == self().address);
    if (!is_free) {
      free_since_[number].reset();
      continue;
    }
    if (!free_since_[number]) free_since_[number] = now;
    {
      std::lock_guard lock(mutex_);
      if (avoided_until_[number] > now) continue;
    }
    state.free_for = std::max<Duration>(std::chrono::duration_cast<Duration>(now - *free_since_[number]), Duration(1));
  }
  return server::next_move(view.nodes, self().address, states, 2 * options_.lease);
}

void SharedNode::move() {
  for (;;) {
    server::Move what;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || asked_; });
      if (stopping_) return;
      what = *asked_;
    }
    if (what.takes) {
      try_to_take(what);
    } else {
      close_partition(what.partition);
      log(LogLevel::info, "gave a partition back" + number_field(what.partition));
    }
    std::lock_guard lock(mutex_);
    asked_.reset();
  }
}

void SharedNode::try_to_take(const server::Move& what) {
  const Status opened = open_partition(what);
  if (opened) {
    said_[what.partition].clear();
    return;
  }
  // Another node was faster, or it can't be served: then it is worth a word.
  const bool is_busy = opened.error().code == Code::unavailable;
  if (!is_busy && std::exchange(said_[what.partition], opened.error().message) != opened.error().message)
    log(LogLevel::error,
        "a partition could not be taken" + number_field(what.partition) + log_field("error", opened.error().message));
  std::lock_guard lock(mutex_);
  avoided_until_[what.partition] = SteadyClock::now() + (is_busy ? Duration(2 * beat_pause) : options_.lease);
}

// Read when the lease is this node's: before, another one could still follow, and note more than is read here.
Result<std::vector<engine::HomeChange>> SharedNode::changes_for(std::size_t number, std::uint64_t& until) {
  const journal::NodesView view = TRY(moving_->look());
  until = view.home_position;
  const std::vector<journal::Event> events = TRY(moving_->home_changes(view.partitions[number].followed, until));
  std::vector<engine::HomeChange> changes;
  for (const journal::Event& event : events) changes.push_back(TRY(home_change(event)));
  return changes;
}

Status SharedNode::open_partition(const server::Move& what) {
  RuntimeOptions runtime_options = options_.runtime;
  runtime_options.partition = what.partition;
  runtime_options.partitions = options_.partitions;
  runtime_options.lease = options_.lease;
  runtime_options.run_schedules = what.partition == 0;
  std::uint64_t followed = 0;
  if (what.partition > 0)
    runtime_options.home_changes = [this, &what, &followed] { return changes_for(what.partition, followed); };
  auto owner = std::make_shared<PartitionOwner>();
  owner->runtime = TRY(Runtime::open(runtime_options));
  Runtime& runtime = *owner->runtime;
  if (what.partition > 0) TRY(moving_->note_followed(what.partition, followed));
  if (what.partition == 0 && options_.when_home) TRY(options_.when_home(runtime));
  owner->retention.emplace(server::RetentionRunner::Parts{runtime.engine.get(), runtime.store.get(), &runtime.clock});
  owner->retention->start();
  auto partition = std::make_shared<server::OpenPartition>();
  partition->number = what.partition;
  partition->engine = runtime.engine.get();
  partition->query = runtime.query.get();
  partition->owner = owner;
  partition->followed = followed;
  partition->is_beyond_share = what.beyond;
  partition->api = std::make_unique<server::Api>(server::ApiParts{partition->engine, partition->query, &runtime.clock,
                                                                  options_.version, true, &partition->is_closing});
  directory_.add(std::move(partition));
  log(LogLevel::info, "took a partition" + number_field(what.partition));
  return done();
}

void SharedNode::close_partition(std::size_t number) {
  server::OpenPartitionPointer partition = directory_.remove(number);
  if (!partition) return;
  std::future<void> ended = std::static_pointer_cast<PartitionOwner>(partition->owner)->ended.get_future();
  partition.reset();
  ended.wait();
}

}  // namespace gantry::cli

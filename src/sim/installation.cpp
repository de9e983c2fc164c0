#include "sim/installation.h"

#include <fmt/format.h>

#include <algorithm>

#include "journal/maintenance.h"
#include "value/json.h"
#include "value/stored.h"

namespace gantry::sim {
namespace {

constexpr const char* store_url = "sqlite:/sim/gantry.db";

std::string text_of(const journal::Event& event) {
  return fmt::format("{} {} {} {} {}", event.instance, event.sequence, journal::name_of(event.type),
                     format_timestamp(event.at), print_stored(event.data));
}

}  // namespace

Installation::Installation(std::uint64_t seed, Clocks& clocks, World& world, Network& network, History& history,
                           Invariants& invariants, Report report, Report note)
    : dice_(seed, 11),
      overlap_dice_(seed, 13),
      clocks_(clocks),
      world_(world),
      network_(network),
      history_(history),
      invariants_(invariants),
      report_(std::move(report)),
      note_(std::move(note)),
      disk_(
          Dice(seed, 12), [&clocks](Duration time) { clocks.pass(time); }, [&clocks] { return clocks.wall(); }),
      random_(seed),
      // Part of what makes a replay the same, so it does not change during a life.
      steps_per_turn_(dice_.chance(300) ? 5 : 20'000) {}

bool Installation::open() {
  journal::StoreOptions store_options;
  store_options.file_layer = disk_.layer();
  store_options.blob_threshold_bytes = dice_.chance(500) ? 200 : 4'096;
  auto store = journal::SqliteStore::open_sqlite(store_url, store_options);
  Status opened = store ? done() : Status(store.error());
  if (store) {
    store_ = *std::move(store);
    // Small enough that it happens within a simulation.
    opened =
        store_->connection()->execute(fmt::format("PRAGMA wal_autocheckpoint = {}", dice_.chance(500) ? 10 : 1'000));
    watched_ = std::make_unique<WatchedStore>(
        *store_, [this](const journal::Batch& batch) { note_decided(batch); },
        [this](const journal::Batch& batch, const Status& status) { told(batch, status); });
  }
  engine::EngineOptions options;
  options.workers = dice_.between(1, 8);
  options.resting_kept_max = dice_.chance(500) ? 0 : 3;
  options.snapshot_every_events = dice_.between(2, 30);
  options.snapshot_bytes_per_event = dice_.chance(500) ? 1'000'000 : 4'096;
  options.batch_events_max = dice_.chance(300) ? 8 : 4'096;
  options.send_attempts_max = static_cast<int>(dice_.between(3, 8));
  options.interpreter.steps_per_turn = steps_per_turn_;
  options.immediate_drivers = {};
  options.record_lifecycle.status = dice_.chance(200);
  options.overlap_commands_min = overlap_dice_.below(3);
  if (opened) {
    // Before the engine decides anything on what it finds.
    if (!disk_.stopped()) opened = check_journal();
  }
  if (opened) {
    auto engine = engine::SteppedEngine::open({.store = watched_.get(),
                                               .drivers = {{"sim", make_world_driver(world_)}},
                                               .clock = &clocks_.wall_clock(),
                                               .random = &random_,
                                               .trace = {},
                                               .when_idle = {},
                                               .steady_clock = &clocks_.steady_clock(),
                                               .make_executor = network_.make_executor()},
                                              options);
    opened = engine ? done() : Status(engine.error());
    if (engine) engine_ = *std::move(engine);
  }
  if (opened && !disk_.stopped()) return true;
  note_("does not open: " + (opened ? "the power failed" : opened.error().message));
  if (!opened && opened.error().code != Code::unavailable)
    report_("the installation does not open: " + opened.error().message);
  if (!opened) ++disk_errors_;
  down();
  return false;
}

void Installation::note_decided(const journal::Batch& batch) {
  decided_ = &batch;
  decided_at_ = clocks_.wall();
}

void Installation::told(const journal::Batch& batch, const Status& status) {
  for (const journal::Event& event : batch.events) touched_.insert(event.instance);
  // Of one that was left to be written later, time is as it was then: the clock may have been set back since.
  const Timestamp then = std::exchange(decided_, nullptr) == &batch ? decided_at_ : clocks_.wall();
  if (!status) {
    ++disk_errors_;
    note_("not written: " + status.error().message);
    if (refuses()) return;  // this batch has not reached the disk
    if (status.error().code != Code::unavailable) report_("the journal refuses a batch: " + status.error().message);
    doubtful_.push_back({batch.events, then});
    return;
  }
  doubtful_.clear();
  for (const journal::Event& event : batch.events) take(event, then);
}

void Installation::take(const journal::Event& event, Timestamp now) {
  note_(text_of(event));
  history_.add(event);
  invariants_.acknowledged(event, now);
}

void Installation::step() {
  engine_->step();
  if (disk_.stopped()) return;
  check_replay();
}

// What is in memory is what the journal gives, to the byte.
void Installation::check_replay() {
  if (!engine_->is_settled()) return;
  const std::set<std::string> touched = std::exchange(touched_, {});
  for (const std::string& instance : touched) {
    const auto live = instance.empty() ? std::nullopt : engine_->serialised(instance);
    if (!live) continue;
    for (const bool from_snapshot : {true, false}) {
      if (!from_snapshot && !dice_.chance(300)) continue;
      ++replays_;
      const auto rebuilt = engine_->rebuilt(instance, from_snapshot);
      if (!rebuilt) {
        if (rebuilt.error().code != Code::unavailable)
          report_(fmt::format("instance {} can't be rebuilt from its events: {}", instance, rebuilt.error().message));
      } else if (*rebuilt != *live) {
        report_(fmt::format("instance {} is in memory what its journal does not give{}:\n  memory  {}\n  journal {}",
                            instance, from_snapshot ? " (from its snapshot on)" : "", *live, *rebuilt));
      }
    }
  }
}

void Installation::down() {
  engine_.reset();
  network_.lose_process();
  watched_.reset();
  store_.reset();
  touched_.clear();
  decided_ = nullptr;
}

void Installation::kill(Disk::Stop stop) {
  disk_.stop_now();
  down();
  disk_.start_again(stop);
}

void Installation::stop() {
  engine_->stop();
  down();
}

void Installation::check_instance(const std::string& instance, const std::vector<journal::Event>& stored) {
  const RecordedInstance* recorded = history_.find(instance);
  const std::size_t count = recorded == nullptr ? 0 : recorded->events.size();
  for (std::size_t i = 0; i < std::min(count, stored.size()); ++i)
    if (text_of(stored[i]) != text_of(recorded->events[i]))
      return report_(fmt::format("event {} of instance '{}' has changed:\n  was {}\n  is  {}", i + 1, instance,
                                 text_of(recorded->events[i]), text_of(stored[i])));
  if (stored.size() < count)
    return report_(fmt::format("instance '{}' had {} events acknowledged; the journal has {}: {} is gone", instance,
                               count, stored.size(), text_of(recorded->events[stored.size()])));
  for (std::size_t i = count; i < stored.size(); ++i) {
    const std::string text = text_of(stored[i]);
    if (!is_doubtful(text)) report_(fmt::format("the journal has an event that nobody has written: {}", text));
  }
}

bool Installation::is_doubtful(const std::string& text) const {
  return std::any_of(doubtful_.begin(), doubtful_.end(), [&](const Doubt& doubt) {
    return std::any_of(doubt.events.begin(), doubt.events.end(),
                       [&](const auto& event) { return text_of(event) == text; });
  });
}

// One of the batches that were on their way may be there, but then all of it. One that is not may still come: its log
// was deleted when the journal was closed, and until the next batch is durable the power may fail and bring that log
// back.
Status Installation::check_journal() {
  std::set<std::string> instances;
  for (const auto& [id, instance] : history_.instances()) instances.insert(id);
  for (const Doubt& doubt : doubtful_)
    for (const journal::Event& event : doubt.events) instances.insert(event.instance);
  std::vector<std::string> found;
  for (const std::string& instance : instances) {
    const auto stored = store_->events_of(instance, 0);
    if (!stored) {
      if (stored.error().code != Code::unavailable) report_("the journal can't be read: " + stored.error().message);
      return stored.error();
    }
    check_instance(instance, *stored);
    const RecordedInstance* recorded = history_.find(instance);
    for (std::size_t i = recorded == nullptr ? 0 : recorded->events.size(); i < stored->size(); ++i)
      found.push_back(text_of((*stored)[i]));
  }
  if (found.empty()) return done();
  const auto written = std::find_if(doubtful_.begin(), doubtful_.end(), [&](const Doubt& doubt) {
    std::vector<std::string> texts;
    for (const journal::Event& event : doubt.events) texts.push_back(text_of(event));
    return std::is_permutation(texts.begin(), texts.end(), found.begin(), found.end());
  });
  if (written == doubtful_.end())
    report_(fmt::format("{} events in the journal are not one batch that was on its way", found.size()));
  else
    for (const journal::Event& event : written->events) take(event, written->at);
  doubtful_.clear();
  return done();
}

namespace {

Result<std::string> dump(journal::DatabaseConnection& connection) {
  std::string text;
  for (const char* table :
       {"journal_workflow", "journal_instance", "journal_key", "journal_effect_all", "journal_task", "journal_task_role",
        "journal_vote", "journal_decision", "journal_timer", "journal_deployment", "journal_count_all"}) {
    auto rows = TRY(connection.prepare(fmt::format("SELECT * FROM {} ORDER BY 1, 2", table)));
    text += fmt::format("== {}\n", table);
    while (TRY(rows->step())) {
      for (int column = 0; column < rows->column_count(); ++column) text += std::string(rows->text(column)) + "|";
      text += "\n";
    }
  }
  return text;
}

}  // namespace

void Installation::check_projections() {
  const auto before = dump(*store_->connection());
  const Status rebuilt = journal::rebuild_projections(*store_);
  const auto after = dump(*store_->connection());
  if (!before || !rebuilt || !after) return report_("the projections can't be rebuilt");
  if (*before == *after) return;
  const auto differs = std::mismatch(before->begin(), before->end(), after->begin(), after->end());
  const auto at = static_cast<std::size_t>(differs.first - before->begin());
  const std::size_t from = at > 200 ? at - 200 : 0;
  report_(fmt::format("the projections are not what the events give:\n  are     {}\n  rebuilt {}",
                      before->substr(from, 400), after->substr(from, 400)));
}

}  // namespace gantry::sim

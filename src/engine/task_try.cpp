// try, catch and retry. Rules where the standard is silent: limit.attempt.count counts retries; linear backoff waits
// delay * n and exponential delay * 2^(n-1) before retry n, plus jitter; when the retries are used up, `catch.do` runs
// if there is one, else the error goes on; the context that failed attempts exported is kept.
#include <algorithm>
#include <limits>

#include "base/hash.h"
#include "engine/interpreter_execution.h"

namespace gantry::engine {

namespace {

constexpr Duration delay_max = std::chrono::hours(24 * 366 * 100);

Duration times(Duration duration, std::uint64_t factor) {
  if (duration <= Duration::zero()) return Duration::zero();
  const auto most = static_cast<std::uint64_t>(delay_max.count());
  const auto count = static_cast<std::uint64_t>(duration.count());
  if (factor != 0 && count > most / factor) return delay_max;
  return Duration(static_cast<std::int64_t>(count * factor));
}

Duration backed_off(Duration delay, definition::RetryPolicy::Backoff backoff, std::uint64_t retry_number) {
  switch (backoff) {
    case definition::RetryPolicy::Backoff::constant:
      return std::clamp(delay, Duration::zero(), delay_max);
    case definition::RetryPolicy::Backoff::linear:
      return times(delay, retry_number);
    case definition::RetryPolicy::Backoff::exponential:
      return times(delay, std::uint64_t{1} << std::min<std::uint64_t>(retry_number - 1, 62));
  }
  return delay;
}

// A number in [0, 1) that is the same on every replay: randomness would have to be recorded.
double jitter_sample(const std::string& instance, const std::string& reference, std::uint64_t retry_number) {
  const Digest digest = sha256(instance + "\n" + reference + "\n" + std::to_string(retry_number));
  std::uint64_t bits = 0;
  for (std::size_t index = 0; index < 7; ++index) bits = bits << 8 | digest.bytes[index];
  return static_cast<double>(bits >> 3) / static_cast<double>(std::uint64_t{1} << 53);
}

}  // namespace

void Execution::begin(Branch& branch, Frame& frame, const definition::TryTask&) {
  frame.progress = TryProgress{.started_at = now_};
  start_attempt(branch, frame);
}

void Execution::start_attempt(Branch& branch, Frame& frame) {
  frame.phase = Phase::body;
  frame.position = 0;
  frame.value = frame.input;
  branch.signal = Branch::Signal::none;
  branch.value = Value();
  branch.variables.resize(frame.task->scope_size);
  if (!limit_attempt(branch, frame)) frame.phase = Phase::closing;
}

bool Execution::limit_attempt(Branch& branch, Frame& frame) {
  const auto& task = std::get<definition::TryTask>(frame.task->body);
  if (!task.retry || !task.retry->attempt_duration) return true;
  const Site site{.field = "retry.limit.attempt.duration", .input = &frame.input, .more_scope = 1};
  std::vector<Value> variables = branch.variables;
  branch.variables.resize(frame.task->scope_size);
  branch.variables.emplace_back();  // no error yet
  const std::optional<Duration> limit = duration(branch, frame, site, *task.retry->attempt_duration);
  branch.variables = std::move(variables);
  if (!limit) return false;
  std::get<TryProgress>(frame.progress).attempt_timer = set_timer(branch, frame, *limit, "timeout");
  return true;
}

// True also when looking at the error failed: then another error is on its way out.
bool Execution::catch_error(Branch& branch, Frame& frame) {
  const auto& task = std::get<definition::TryTask>(frame.task->body);
  auto& progress = std::get<TryProgress>(frame.progress);
  cancel_timer(progress.attempt_timer);
  if (!matches(task.filter, branch.value)) return false;
  branch.variables.resize(frame.task->scope_size);
  branch.variables.push_back(branch.value);
  const Site site{.field = "catch.when", .input = &frame.input, .more_scope = 1};
  for (const bool expected : {true, false}) {
    const auto& test = expected ? task.when : task.except_when;
    if (!test) continue;
    const std::optional<bool> holds = condition(branch, frame, site, *test, frame.input);
    if (!holds) {
      frame.phase = Phase::closing;
      return true;
    }
    if (*holds != expected) return false;
  }
  if (task.retry) {
    const Retry outcome = retry(branch, frame, *task.retry);
    if (outcome != Retry::no) return true;
    if (!task.handler) return false;
  }
  progress.caught = true;
  if (!task.handler) {
    complete(branch, frame.input);
    return true;
  }
  frame.phase = Phase::handler;
  frame.position = 0;
  frame.value = frame.input;
  branch.signal = Branch::Signal::none;
  branch.value = Value();
  return true;
}

// A policy that says nothing must not retry for ever.
std::uint64_t Execution::retries_of(const definition::RetryPolicy& policy) const {
  if (policy.attempt_count) return static_cast<std::uint64_t>(std::max<std::int64_t>(*policy.attempt_count, 0));
  return policy.total_duration ? setting_.limits.retries_max : setting_.limits.retries_default;
}

Execution::Retry Execution::retry(Branch& branch, Frame& frame, const definition::RetryPolicy& policy) {
  auto& progress = std::get<TryProgress>(frame.progress);
  const Site site{.field = "retry", .input = &frame.input, .more_scope = 1};
  const auto failed = [&frame] {
    frame.phase = Phase::closing;
    return Retry::failed;
  };
  for (const bool expected : {true, false}) {
    const auto& test = expected ? policy.when : policy.except_when;
    if (!test) continue;
    const std::optional<bool> holds = condition(branch, frame, site, *test, frame.input);
    if (!holds) return failed();
    if (*holds != expected) return Retry::no;
  }
  if (progress.retries >= retries_of(policy)) return Retry::no;
  const std::optional<Duration> delay = retry_delay(branch, frame, policy);
  if (!delay) return failed();
  if (policy.total_duration) {
    const std::optional<Duration> limit = duration(branch, frame, site, *policy.total_duration);
    if (!limit) return failed();
    if (now_ + *delay - progress.started_at > *limit) return Retry::no;
  }
  ++progress.retries;
  trace(frame, TaskTrace::Status::retried);
  if (*delay > Duration::zero()) {
    progress.retry_timer = set_timer(branch, frame, *delay, "retry");
    frame.phase = Phase::resting;
    branch.signal = Branch::Signal::none;
    branch.value = Value();
    branch.variables.resize(frame.task->scope_size);
    block(branch);
  } else if (count_step()) {
    start_attempt(branch, frame);
  }
  return Retry::yes;
}

std::optional<Duration> Execution::retry_delay(Branch& branch, Frame& frame, const definition::RetryPolicy& policy) {
  const std::uint64_t number = std::get<TryProgress>(frame.progress).retries + 1;
  const Site site{.field = "retry.delay", .input = &frame.input, .more_scope = 1};
  const std::optional<Duration> delay = duration(branch, frame, site, policy.delay);
  if (!delay) return std::nullopt;
  Duration from = Duration::zero(), to = Duration::zero();
  if (policy.jitter_from) {
    const std::optional<Duration> value = duration(branch, frame, site, *policy.jitter_from);
    if (!value) return std::nullopt;
    from = to = std::clamp(*value, Duration::zero(), delay_max);
  }
  if (policy.jitter_to) {
    const std::optional<Duration> value = duration(branch, frame, site, *policy.jitter_to);
    if (!value) return std::nullopt;
    to = std::clamp(*value, from, delay_max);
  }
  const double sample = jitter_sample(state_.instance, frame.task->reference, number);
  const Duration jitter = from + Duration(static_cast<std::int64_t>(sample * static_cast<double>((to - from).count())));
  return std::min(backed_off(*delay, policy.backoff, number) + jitter, delay_max);
}

}  // namespace gantry::engine

#include "tool/edifact.h"

#include <optional>

#include "tool/edifact_interchange.h"
#include "tool/edifact_tokenizer.h"

namespace gantry::tool {

struct EdifactReader::State {
  explicit State(const EdifactLimits& limits)
      : problems(limits.problems_max),
        interchange(limits, problems),
        tokenizer(limits,
                  [this](EdifactSegment& segment) { return interchange.take(segment, tokenizer.decimal_mark()); }) {}

  EdifactProblems problems;
  EdifactInterchange interchange;
  EdifactTokenizer tokenizer;
  std::optional<Error> failed;
};

EdifactReader::EdifactReader(const EdifactLimits& limits) : state_(std::make_unique<State>(limits)) {}
EdifactReader::~EdifactReader() = default;
EdifactReader::EdifactReader(EdifactReader&&) noexcept = default;
EdifactReader& EdifactReader::operator=(EdifactReader&&) noexcept = default;

Status EdifactReader::feed(std::string_view chunk) {
  if (state_->failed) return *state_->failed;
  Status fed = state_->tokenizer.feed(chunk);
  if (!fed) state_->failed = fed.error();
  return fed;
}

Result<Value> EdifactReader::finish() {
  if (state_->failed) return *state_->failed;
  const auto tail = TRY(state_->tokenizer.finish());
  state_->interchange.take_cut(tail.segment, tail.dangling_release);
  return state_->interchange.finish(state_->tokenizer.bytes(), state_->tokenizer.segments());
}

Result<Value> read_edifact(std::string_view bytes, const EdifactLimits& limits) {
  EdifactReader reader(limits);
  TRY(reader.feed(bytes));
  return reader.finish();
}

}  // namespace gantry::tool

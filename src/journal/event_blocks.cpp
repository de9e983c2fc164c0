#include "journal/event_blocks.h"

#include <fmt/format.h>

#include <span>

#include "journal/insert_rows.h"

namespace gantry::journal {
namespace {

constexpr std::size_t blocks_at_once = InsertText::rows_max;

}  // namespace

Status EventBlocks::add(std::int64_t stream, std::int64_t sequence, std::int64_t position) {
  const std::int64_t block = block_of(sequence);
  if (blocks_.empty() || blocks_.back().stream != stream || blocks_.back().block != block) {
    if (blocks_.size() == blocks_at_once) TRY(finish());
    blocks_.push_back({stream, block, sequence, 0, false, "["});
  }
  Block& at = blocks_.back();
  at.is_broken = at.is_broken || sequence != at.sequence + at.count;
  if (at.is_broken) return done();
  fmt::format_to(std::back_inserter(at.positions), "{}{}", at.count == 0 ? "" : ",", position);
  ++at.count;
  return done();
}

Status EventBlocks::finish() {
  for (Block& block : blocks_) block.positions += "]";
  static const InsertText text(
      "INSERT INTO main.journal_event_block (stream, block, sequence, positions)", 4,
      " ON CONFLICT (stream, block) DO UPDATE SET positions = substr(positions, 1, length(positions) - 1) || ',' || "
      "substr(excluded.positions, 2) WHERE json_valid(positions) AND sequence + json_array_length(positions) = "
      "excluded.sequence");
  const auto bind = [](DatabaseStatement& insert, int before, const Block& block) {
    insert.bind(before + 1, block.stream).bind(before + 2, block.block).bind(before + 3, block.sequence);
    insert.bind(before + 4, block.positions);
  };
  TRY(insert_rows(connection_, text, std::span<const Block>(blocks_), bind));
  blocks_.clear();
  return done();
}

Status EventBlocks::remove(DatabaseConnection& connection, std::int64_t first, std::int64_t last) {
  const std::string concerned = fmt::format(
      "(stream, block) IN (SELECT stream, (sequence - 1) / {} FROM main.journal_event WHERE position BETWEEN ?1 AND ?2)",
      events_in_block);
  for (const std::string& sql :
       {fmt::format("UPDATE main.journal_event_block SET sequence = sequence + (SELECT count(*) FROM json_each(positions) "
                    "WHERE value BETWEEN ?1 AND ?2), positions = (SELECT json_group_array(value) FROM json_each(positions) "
                    "WHERE value NOT BETWEEN ?1 AND ?2) WHERE {}",
                    concerned),
        fmt::format("DELETE FROM main.journal_event_block WHERE positions = '[]' AND {}", concerned)}) {
    auto change = TRY(connection.prepare(sql));
    change->bind(1, first).bind(2, last);
    TRY(change->run());
  }
  return done();
}

Status EventBlocks::make_anew(DatabaseConnection& connection, const std::string& select) {
  TRY(connection.execute("DELETE FROM main.journal_event_block"));
  EventBlocks blocks(connection);
  auto places = TRY(connection.prepare_scan(select));
  while (TRY(places->step())) TRY(blocks.add(places->integer(0), places->integer(1), places->integer(2)));
  return blocks.finish();
}

}  // namespace gantry::journal

#include "value/label.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <tuple>
#include <unordered_map>

namespace gantry {
namespace {

constexpr std::uint32_t labels_max = 1u << 20;

using LabelKey = std::tuple<Integrity, Secrecy, std::vector<std::string>, std::vector<std::string>>;

// Never moved or freed once interned, so `content()` may hand out references. Not a member of the table: as a static
// of its own it is memory that the kernel gives page by page as it is used, where a new table would write 8 MiB of zeros.
// Reached through atomic_ref only: compilers give up on counting through a million atomic objects.
constinit std::array<const LabelContent*, labels_max> label_contents{};

std::atomic_ref<const LabelContent*> label_content(std::uint32_t id) {
  return std::atomic_ref(label_contents[id]);
}

struct LabelTable {
  std::shared_mutex mutex;
  std::uint32_t count = 0;
  std::map<LabelKey, std::uint32_t> ids;
  std::unordered_map<std::uint64_t, std::uint32_t> joins;

  LabelTable() {
    intern({});
    intern({Integrity::untrusted, Secrecy::secret, {"unknown"}, {}});
  }

  std::uint32_t intern(const LabelContent& content) {
    LabelKey key{content.integrity, content.secrecy, content.sources, content.compartments};
    std::unique_lock lock(mutex);
    if (auto found = ids.find(key); found != ids.end()) return found->second;
    if (count == labels_max) return 1;
    label_content(count).store(new LabelContent(content), std::memory_order_release);
    ids.emplace(std::move(key), count);
    return count++;
  }
};

LabelTable& label_table() {
  static auto* table = new LabelTable;  // lives as long as the process: values in other statics may still refer to it
  return *table;
}

void sort_unique(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

std::vector<std::string> union_of(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  std::vector<std::string> both;
  std::set_union(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(both));
  return both;
}

constexpr std::array integrity_names{"trusted", "internal", "constrained", "untrusted"};
constexpr std::array secrecy_names{"public", "internal", "confidential", "secret"};

}  // namespace

const char* name_of(Integrity integrity) {
  return integrity_names[static_cast<std::size_t>(integrity)];
}
const char* name_of(Secrecy secrecy) {
  return secrecy_names[static_cast<std::size_t>(secrecy)];
}

Result<Integrity> parse_integrity(std::string_view name) {
  for (std::size_t i = 0; i < integrity_names.size(); ++i)
    if (name == integrity_names[i]) return static_cast<Integrity>(i);
  return Error{Code::invalid_argument,
               "integrity is trusted, internal, constrained or untrusted, found '" + std::string(name) + "'"};
}

Result<Secrecy> parse_secrecy(std::string_view name) {
  for (std::size_t i = 0; i < secrecy_names.size(); ++i)
    if (name == secrecy_names[i]) return static_cast<Secrecy>(i);
  return Error{Code::invalid_argument,
               "secrecy is public, internal, confidential or secret, found '" + std::string(name) + "'"};
}

Label Label::of(LabelContent content) {
  sort_unique(content.sources);
  sort_unique(content.compartments);
  return Label(label_table().intern(content));
}

Label Label::unknown() {
  return Label(1);
}

const LabelContent& Label::content() const {
  label_table();  // has the two that there always are
  return *label_content(id_).load(std::memory_order_acquire);
}

Label Label::join_slowly(Label left, Label right) {
  if (left.id_ == 1 || right.id_ == 1) return unknown();
  if (left.id_ > right.id_) std::swap(left, right);
  const std::uint64_t pair = (static_cast<std::uint64_t>(left.id_) << 32) | right.id_;
  // An expression joins the same few labels again and again; what a thread joined last it need not ask the table for.
  struct Recent {
    std::uint64_t pair = 0;
    std::uint32_t id = 0;
  };
  thread_local std::array<Recent, 64> recents{};
  Recent& recent = recents[(pair ^ (pair >> 29)) % recents.size()];
  if (recent.pair == pair) return Label(recent.id);
  LabelTable& table = label_table();
  {
    std::shared_lock lock(table.mutex);
    if (auto found = table.joins.find(pair); found != table.joins.end()) {
      recent = {pair, found->second};
      return Label(found->second);
    }
  }
  const LabelContent& a = left.content();
  const LabelContent& b = right.content();
  Label joined = of({std::max(a.integrity, b.integrity), std::max(a.secrecy, b.secrecy), union_of(a.sources, b.sources),
                     union_of(a.compartments, b.compartments)});
  recent = {pair, joined.id_};
  std::unique_lock lock(table.mutex);
  if (table.joins.size() < 4 * labels_max) table.joins.emplace(pair, joined.id_);
  return joined;
}

}  // namespace gantry

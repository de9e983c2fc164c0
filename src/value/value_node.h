// The shared nodes behind Value and Text: the count of owners, and the bytes of a string. Part of value.h.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gantry::detail {

struct Node {
  std::atomic<std::uint32_t> references{1};
  bool is_shared() const { return references.load(std::memory_order_acquire) != 1; }
  void retain() { references.fetch_add(1, std::memory_order_relaxed); }
  // True for the last owner, who then destroys the node.
  bool let_go() { return references.fetch_sub(1, std::memory_order_acq_rel) == 1; }
};

// The bytes follow the header in the same allocation.
struct StringNode : Node {
  std::size_t size = 0;
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  std::string_view view() { return {bytes(), size}; }
  static StringNode* create(std::string_view text);
  void release() {
    if (let_go()) destroy();
  }

 private:
  void destroy();
};

}  // namespace gantry::detail

// The numbers that stand for states in the projection tables, and their names in the views. Stored: append only.
#pragma once

#include <array>
#include <cstdint>

namespace gantry::journal {

enum class InstanceStatus : std::uint8_t { running, completed, faulted, cancelled };
inline constexpr std::array<const char*, 4> instance_status_names = {"running", "completed", "faulted", "cancelled"};

// proposed: waits for approval. ambiguous: sent, and whether it happened is unknown.
enum class EffectState : std::uint8_t { proposed, permitted, ambiguous, done, failed, denied };
inline constexpr std::array<const char*, 6> effect_state_names = {"proposed", "permitted", "ambiguous",
                                                                  "done",     "failed",    "denied"};

}  // namespace gantry::journal

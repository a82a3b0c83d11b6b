// What must hold of every rollout state and every step, whatever happened.  Used by the model
// checker and, as checks, in production: a broken invariant stops the rollout instead of going on.
#pragma once
#include <optional>
#include <string>

#include "server/rollout/engine.h"

namespace belay::rollout {
std::optional<std::string> BrokenInvariant(const State& state);
std::optional<std::string> BrokenTransition(const State& before, const v1::RolloutEvent& event,
                                            const Step& after);
}  // namespace belay::rollout

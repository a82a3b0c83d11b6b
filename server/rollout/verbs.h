// What operators may ask of a rollout in which state: the table of docs/rollout-states.md.  Pure.
// Advance takes a verb only where this allows it, so no caller can forget to ask.
#pragma once
#include <string>

#include "server/rollout/engine.h"

namespace belay::rollout {

struct Allowance {
  enum class Kind {
    Takes,    // the event changes the state
    Already,  // it has happened: ok, and nothing is journalled
    Refused,
  } kind = Kind::Refused;
  std::string why;  // of Refused: what stands against it, and what to do
};

// Of paused, resumed, aborted, approved and retried; every other event is Refused.
Allowance Judge(const State& state, const v1::RolloutEvent& event);
// A revert is a rollout of its own; this is what it asks of the one that it puts back.
Allowance JudgeRevert(const State& state);

}  // namespace belay::rollout

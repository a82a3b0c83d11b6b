// `belayctl rollout list` and `rollout status`.  Pure.
#pragma once
#include <cstdint>
#include <string>

#include "belay/v1/admin.pb.h"

namespace belay {

std::string RenderRolloutList(const v1::ListRolloutsReply& rollouts, std::int64_t now_unix_ms);
std::string RenderRolloutStatus(const v1::Rollout& rollout, std::int64_t now_unix_ms);

// "stopped: cp2 rolled back: not adopted within 60 s"
std::string OutcomeLine(const v1::Rollout& rollout);
// What there is to say of a node beside its state.
std::string DetailOf(const v1::Rollout& rollout, const v1::RolloutNode& node);

}  // namespace belay

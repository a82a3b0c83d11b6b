// Three nodes of the cluster prod, enrolled but not connected, and a coordinator that is not
// started.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/grpc/coordinator_world.h"

namespace belay {

class CoordinatorTest : public testing::Test {
 protected:
  CoordinatorTest() : world_({"cp1", "cp2", "cp3"}) {}

  void StartAll() {
    world_.Start();
    for (ScriptedAgent* agent : {&cp1_, &cp2_, &cp3_}) agent->Connect();
  }
  std::string Roll(const std::vector<std::string>& order = {}) {
    const auto reply = world_.StartRollout("request", order);
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.ok() ? reply->rollout_id() : "";
  }
  static v1::NodePhase PhaseOf(const v1::Rollout& rollout, const std::string& name) {
    for (const auto& node : rollout.nodes()) {
      if (node.name() == name) return node.phase();
    }
    return v1::NODE_PHASE_UNSPECIFIED;
  }
  static bool Ended(const v1::Rollout& rollout) {
    return rollout.phase() != v1::ROLLOUT_PHASE_RUNNING;
  }

  World world_;
  ScriptedAgent cp1_{world_, "cp1"};
  ScriptedAgent cp2_{world_, "cp2"};
  ScriptedAgent cp3_{world_, "cp3"};
};

}  // namespace belay

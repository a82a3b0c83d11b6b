// The times a coordinator keeps.  From server.yaml; tests shorten them.
#pragma once
#include <cstdint>

namespace belay {

struct CoordinatorTimes {
  std::int64_t heartbeat_interval_ms = 5'000;
  // Added to what a node may need by its plan before it counts as silent.
  std::int64_t node_silence_margin_ms = 60'000;
  std::int64_t readiness_wait_ms = 300'000;
  // How long after its last heartbeat a node may still begin a run it was told to.
  std::int64_t permit_ms = 15'000;
  // A node whose clock is further from the coordinator's than this holds its cluster's rollouts.
  std::int64_t clock_skew_ms = 30'000;
};

}  // namespace belay

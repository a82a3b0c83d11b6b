// Boots an API server beside the one that runs, where it can reach and change nothing, as a seam.
// Real: NamespaceShadowBoot.
#pragma once
#include "absl/status/statusor.h"
#include "belay/v1/shadow.pb.h"

namespace belay {

class ShadowBoot {
 public:
  virtual ~ShadowBoot() = default;
  // Blocks until the server is ready, has ended or had its time; nothing of it is left then.  Not
  // ok, or NOT_BOOTED: nothing is known about its arguments.  CANCELLED: the agent is stopping.
  virtual absl::StatusOr<v1::ShadowResult> Boot(const v1::ShadowRequest& request) = 0;
};

}  // namespace belay

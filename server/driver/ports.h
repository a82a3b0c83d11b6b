// What the coordinator sees of its peers: no gRPC here.  Both are safe to call after the peer has
// gone. Called by the loop thread; implementations return at once.
#pragma once
#include <cstdint>

#include "absl/status/status.h"
#include "belay/v1/admin.pb.h"
#include "belay/v1/agent_link.pb.h"
#include "common/base/ids.h"
#include "common/crypto/caller.h"

namespace belay {

std::string TextOf(const v1::RunKey& run);  // tells each run from every other

class AgentSession {
 public:
  virtual ~AgentSession() = default;
  virtual const NodeId& node() const = 0;    // from the certificate
  virtual const Caller& caller() const = 0;  // the same, with the certificate
  virtual std::uint64_t number() const = 0;  // from 1; a later stream has a higher one
  [[nodiscard]] virtual bool Send(v1::CoordinatorMessage message) = 0;  // false: gone or too slow
  virtual void Close(const absl::Status& status) = 0;
};

class RolloutWatcher {
 public:
  virtual ~RolloutWatcher() = default;
  virtual const Caller& caller() const = 0;
  [[nodiscard]] virtual bool Send(const v1::RolloutUpdate& update) = 0;  // false: gone or too slow
  virtual void End(const absl::Status& status) = 0;  // after what was sent has been delivered
};

}  // namespace belay

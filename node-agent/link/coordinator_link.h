// The agent's stream to its coordinator, as a seam: one attempt at a time, each over a connection
// of its own.  Knows messages, not their meaning.  Real: GrpcLink (grpc_link.h).
#pragma once
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "belay/v1/agent_link.pb.h"

namespace belay {

// What comes back from an attempt, in order: any number of messages, then its end exactly once.
struct LinkEvent {
  std::uint64_t attempt = 0;
  std::optional<v1::CoordinatorMessage> message;  // nothing: the attempt is over
  absl::Status end;                               // why, when it is over
};

// All methods are called from one thread, return at once and never wait for the network.
class CoordinatorLink {
 public:
  virtual ~CoordinatorLink() = default;
  // Begins an attempt and sends `hello` first.  An earlier attempt is given up.
  virtual void Dial(std::uint64_t attempt, const v1::AgentMessage& hello) = 0;
  // In order.  False: the attempt is over, or its peer took too little for too long and it was
  // given up just now.  True promises nothing; what must arrive is acknowledged by messages.
  [[nodiscard]] virtual bool Send(v1::AgentMessage message) = 0;
  // Gives the attempt up; nothing when there is none.
  virtual void HangUp() = 0;
};

}  // namespace belay

#include "tests/sim/wire.h"

#include <algorithm>
#include <utility>

namespace belay::sim {

// In order: nothing overtakes what was sent before it.
std::int64_t Wire::Delay(std::int64_t* last) {
  *last = std::max(*last, time_.now() + time_.Between(kMs, habits_.most_delay_ns));
  return *last - time_.now();
}

bool Wire::Send(v1::CoordinatorMessage message) {
  if (server_gone_) return false;
  const bool counts = message.has_execute() || message.has_revert() || message.has_record_ack();
  const int copies = counts && time_.Chance(habits_.doubles_percent) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    time_.After(Delay(&last_down_), [self = shared_from_this(), message] {
      if (!self->broken_ && !self->agent_gone_) {
        self->to_agent_({self->attempt_, message, absl::OkStatus()});
      }
    });
  }
  coordinator_.Moment();
  return true;
}

void Wire::Close(const absl::Status& status) {
  if (std::exchange(server_gone_, true)) return;
  TellAgent(status, Delay(&last_down_));
}

void Wire::TellAgent(const absl::Status& end, std::int64_t after_ns) {
  time_.After(after_ns, [self = shared_from_this(), end] {
    if (std::exchange(self->agent_gone_, true)) return;
    self->to_agent_({self->attempt_, std::nullopt, end});
  });
}

void Wire::TellCoordinator(std::int64_t after_ns) {
  time_.After(after_ns, [self = shared_from_this()] {
    if (self->server_gone_) return;
    self->coordinator_.Do([&](Coordinator& coordinator) { coordinator.Closed(self); });
    self->server_gone_ = true;
  });
}

bool Wire::SendUp(v1::AgentMessage message) {
  if (agent_gone_) return false;
  const int copies = message.has_record() && time_.Chance(habits_.doubles_percent) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    time_.After(Delay(&last_up_), [self = shared_from_this(), message] {
      if (self->broken_ || self->server_gone_) return;
      self->coordinator_.Do([&](Coordinator& coordinator) { coordinator.Received(self, message); });
    });
  }
  return true;
}

void Wire::HangUp() {
  if (std::exchange(agent_gone_, true)) return;
  // A dead machine says nothing: sometimes only the heartbeats that do not come tell.
  TellCoordinator(std::max(last_up_ - time_.now(), std::int64_t{0}) +
                  time_.Between(0, 20) * kSecond);
}

void Wire::Break() {
  if (std::exchange(broken_, true)) return;
  TellAgent(absl::UnavailableError("the stream broke"), time_.Between(0, 20) * kSecond);
  TellCoordinator(time_.Between(0, 20) * kSecond);
}

void Wire::CoordinatorDied() {
  if (std::exchange(server_gone_, true)) return;
  TellAgent(absl::UnavailableError("the coordinator is gone"), time_.Between(0, 3) * kSecond);
}

}  // namespace belay::sim

// server.yaml.  Strict: an unknown key or a value that is not understood stops the start.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/driver/options.h"

namespace belay {

struct ServerConfig {
  std::string listen;        // agents and operators
  std::string enrol_listen;  // new agents
  std::string advertise;     // host that agents and operators dial
  CoordinatorTimes
      times;  // keys: heartbeat_interval, node_silence_margin, readiness_wait, permit, clock_skew
  // Key: node_certificate_lifetime; agents renew when two thirds of it have passed.
  std::int64_t node_certificate_seconds = 30 * 86400;
};

absl::StatusOr<ServerConfig> ParseServerConfig(std::string_view yaml, const std::string& path);

}  // namespace belay

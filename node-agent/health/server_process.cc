#include "node-agent/health/server_process.h"

namespace belay {

std::optional<Process> FindServer(const v1::ComponentExpectation& component,
                                  const ProcessTable& processes) {
  const v1::HealthEndpoint& at = component.health_before();
  for (const Process& process : processes.List(component.component())) {
    if (process.pod_uid == component.pod_uid_before() &&
        processes.OwnsListener(process.pid, at.dial_address(), at.port())) {
      return process;
    }
  }
  return std::nullopt;
}

}  // namespace belay

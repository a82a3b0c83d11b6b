// Where and how a component with these arguments is to be asked for its health.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/journal.pb.h"
#include "node-agent/manifest/pod.h"

namespace belay {

// Of the API server: secure-port (6443 when not given); bind-address, where it does not cover
// loopback; a client certificate exactly when anonymous-auth is off.  FAILED_PRECONDITION when the
// port is not one.
absl::StatusOr<v1::HealthEndpoint> HealthEndpointFor(const std::vector<std::string>& argv);

// Of any gated component (FindGated): the above; /healthz of the controller manager and the
// scheduler, which anybody may ask; /health of etcd at its clients' address, as a client.  Files
// are found by the container's mounts.  FAILED_PRECONDITION where nobody could ask.
absl::StatusOr<v1::HealthEndpoint> HealthEndpointOf(std::string_view component,
                                                    const ContainerFacts& container);

// The container's liveness and startup probes as kubelet will send them; readiness ends nothing.
// Left out: those that bring their own credentials, and those whose address only the API knows.
std::vector<v1::KubeletProbe> KubeletProbesOf(const ContainerFacts& container);

}  // namespace belay

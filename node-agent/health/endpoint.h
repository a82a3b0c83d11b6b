// Where an API server with these arguments is to be asked for its health.  Pure.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/journal.pb.h"

namespace belay {

// secure-port (6443 when not given); bind-address, where it does not cover loopback; a client
// certificate exactly when anonymous-auth is off.  FAILED_PRECONDITION when the port is not one.
absl::StatusOr<v1::HealthEndpoint> HealthEndpointFor(const std::vector<std::string>& argv);

}  // namespace belay

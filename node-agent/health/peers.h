// Does this node reach the API servers of its cluster where the cluster says that they are?  One
// that is well on its own loopback and nowhere else serves nobody.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/os/health_probe.h"
#include "node-agent/health/cluster_objects.h"

namespace belay {

// HOST:PORT of agent.yaml's cluster_endpoint; port 0: none is given.
struct ClusterEndpoint {
  std::string host;
  std::uint32_t port = 0;
};

// A sentence for each that does not answer over verified TLS, asked once more before it is said: a
// load balancer and a lost packet may need a second.  Any HTTP status will do of a peer, which
// tells of its own health itself; the endpoint must be served by one that is ready.  `like` says
// how this node's own API server is asked.  Blocks for a few seconds at most: after two that are
// not reached no further ones are asked.
std::vector<std::string> NotReached(const std::vector<AdvertisedAddress>& servers,
                                    const ClusterEndpoint& endpoint, const ProbeTarget& like,
                                    HealthProbe& probe);

}  // namespace belay

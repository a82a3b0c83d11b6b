// What belongs to the agent itself, under every name that a plan could give it.  Pure.
#pragma once
#include <string>
#include <vector>

#include "common/os/mount_table.h"
#include "node-agent/driver/config.h"
#include "node-agent/driver/policy.h"

namespace belay {

// The policy of this node.  Protected are the state directory, the keys and the configuration: by
// the names that the node has for them (an agent in a container has them mounted from there), and,
// whatever is mounted, by their own names too.
NodePolicy PolicyOf(const AgentConfig& config, const std::string& config_path,
                    const std::vector<MountPoint>& mounts);

}  // namespace belay

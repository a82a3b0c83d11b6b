// One look at this node for its heartbeat, and before a step begins: is its API server ready, does
// its etcd lead, and does anything go on that no rollout may begin beside?
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "node-agent/driver/agent.h"
#include "node-agent/driver/node_parts.h"
#include "node-agent/health/cluster_objects.h"

namespace belay {

// One thread.  `node` outlives it.
class NodeLook {
 public:
  explicit NodeLook(NodeParts& node) : node_(node) {}

  NodeHealth Now();  // blocks for a few seconds at most
  // In words; empty: nothing.  Asks the API server about its node unless it has just done so.
  std::vector<std::string> Holds();

 private:
  // What is not of this node alone, and costs the API servers questions.
  struct ClusterFacts {
    std::optional<NodeMarks> node;
    std::vector<std::string> unreached;
  };
  const ClusterFacts& AskCluster();
  ProbeResult Fetch(ProbeTarget target, const std::string& path);

  NodeParts& node_;
  int looks_ = 0;
  ClusterFacts cluster_;
};

}  // namespace belay

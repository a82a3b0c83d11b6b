// One look at the node: reads what a catalog needs into a Snapshot.  Looks only: writes nothing,
// starts nothing, opens nothing that could block, and ends at bounds (files in a directory, bytes
// of a file, depth); what lies beyond is said in the snapshot.
#pragma once
#include <string>
#include <vector>

#include "common/os/node_files.h"
#include "common/os/process_table.h"
#include "node-agent/audit/snapshot.h"

namespace belay {

inline constexpr std::size_t kMostAuditBytes = std::size_t{1} << 20;  // of one file
inline constexpr std::size_t kMostTreeEntries = 4096;
inline constexpr int kMostTreeDepth = 12;

struct AuditSources {
  const NodeFiles& host;  // the node's file system
  const NodeFiles& proc;  // where /proc/PID/environ is: the agent's own file system
  const ProcessTable& processes;
  std::vector<std::string> manifest_dirs;  // on the node
};

// By the tag of the API server's image in its manifest; nothing where that does not say it.
std::optional<KubernetesMinor> KubernetesOf(const AuditSources& sources);

// `kubernetes` decides which defaults hold.
Snapshot Collect(const Catalog& catalog, const AuditSources& sources,
                 const std::optional<KubernetesMinor>& kubernetes);

}  // namespace belay

// What goes on at a node that no rollout may begin beside, as sentences for people.  Pure; who
// collects the facts is node-agent/driver/node_look.h.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/os/disk_space.h"
#include "common/os/process_table.h"
#include "node-agent/health/cluster_objects.h"

namespace belay {

struct HoldRules {
  std::uint64_t min_free_bytes = 0;  // on every disk that Belay writes to
  bool cordon = true;                // does a cordon hold?
  // Annotations of a node by which other tools say that they are at work on it: a key, or
  // key=value.
  std::vector<std::string> annotations = {};
};

struct HoldFacts {
  struct Disk {
    std::string path;  // what lies on it, for people
    DiskSpace space;
  };
  std::vector<Disk> disks;
  std::vector<Process> kubeadm;        // processes of that name
  std::optional<NodeMarks> node;       // by the API server; nothing when it could not be asked
  std::vector<std::string> unreached;  // sentences about what this node does not reach (peers.h)
  // Somebody's wish that nothing begins here: the first line of the hold file.  Nothing: no file.
  std::optional<std::string> hold_file;
};

std::vector<std::string> Holds(const HoldFacts& facts, const HoldRules& rules);

}  // namespace belay

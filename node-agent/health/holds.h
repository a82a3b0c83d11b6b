// What goes on at a node that no rollout may begin beside, as sentences for people.  Pure; who
// collects the facts is node-agent/driver/node_look.h.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/os/disk_space.h"
#include "common/os/process_table.h"

namespace belay {

struct HoldRules {
  std::uint64_t min_free_bytes = 0;  // on every disk that Belay writes to
  bool cordon = true;                // does a cordon hold?
};

struct HoldFacts {
  struct Disk {
    std::string path;  // what lies on it, for people
    DiskSpace space;
  };
  std::vector<Disk> disks;
  std::vector<Process> kubeadm;       // processes of that name
  std::optional<bool> unschedulable;  // by the API server; nothing when it could not be asked
  // Somebody's wish that nothing begins here: the first line of the hold file.  Nothing: no file.
  std::optional<std::string> hold_file;
};

std::vector<std::string> Holds(const HoldFacts& facts, const HoldRules& rules);

// spec.unschedulable of a Node object; nothing when this is none.
std::optional<bool> Unschedulable(std::string_view node_json);

}  // namespace belay

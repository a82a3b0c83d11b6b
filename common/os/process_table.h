// Processes of the machine, as a seam.  Real: ProcProcessTable reads /proc.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace belay {

// What the kernel asks before it lets a process open a file.
struct ProcessRights {
  std::uint32_t uid = 0;  // those for files, as the reader's user namespace sees them
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups;
  bool overrides = false;  // holds CAP_DAC_OVERRIDE: modes do not stop it
};

struct Process {
  std::int64_t pid = 0;
  std::int64_t started_boottime_ns = 0;  // rounded down to the kernel's 10 ms ticks
  std::vector<std::string> argv;         // empty for zombies, which are left out by List
  // Of the pod in whose control group it runs; for a static pod kubelet's hash of the decoded
  // manifest.  Empty: in none that can be told.
  std::string pod_uid = "";
  std::optional<ProcessRights> rights = std::nullopt;  // nothing: they could not be read
};

class ProcessTable {
 public:
  virtual ~ProcessTable() = default;
  // Live (not zombie) processes in whose argv an element's base name is `component`, e.g.
  // "kube-apiserver" (argv[0], or behind a wrapper).  Ordered by start time.
  virtual std::vector<Process> List(const std::string& component) const = 0;
  // Does every socket that takes TCP connections to `address`:`port` belong to `pid`, and is there
  // one?  Then whoever answers there is that process.  False when it cannot be told, also when
  // the process has another network than the caller.
  virtual bool OwnsListener(std::int64_t pid, const std::string& address,
                            std::uint32_t port) const = 0;
};

}  // namespace belay

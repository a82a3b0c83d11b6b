// Processes of the machine, as a seam.  Real: ProcProcessTable reads /proc.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace belay {

struct Process {
  std::int64_t pid = 0;
  std::int64_t started_boottime_ns = 0;  // rounded down to the kernel's 10 ms ticks
  std::vector<std::string> argv;         // empty for zombies, which are left out by List
};

class ProcessTable {
 public:
  virtual ~ProcessTable() = default;
  // Live (not zombie) processes in whose argv an element's base name is `component`, e.g.
  // "kube-apiserver" (argv[0], or behind a wrapper).  Ordered by start time.
  virtual std::vector<Process> List(const std::string& component) const = 0;
  // Does `pid` own a socket that listens on `port` (TCP, v4 or v6, in that process's own network
  // namespace)?  False when it cannot be told.
  virtual bool OwnsListener(std::int64_t pid, std::uint32_t port) const = 0;
};

}  // namespace belay

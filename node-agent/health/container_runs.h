// What kubelet's log folders tell of a static pod's containers: how often each was started, also of
// those that lived too short to be seen, and their last words.  Reads only.
#pragma once
#include <string>
#include <vector>

#include "common/os/file_system.h"
#include "node-agent/health/exits.h"

namespace belay {

// Kubelet's, inside of the node's root.
inline constexpr char kPodLogs[] = "/var/log/pods";

// `pod` is "namespace_name" of a static pod, without the node's name.  Empty where kubelet keeps no
// such folders.
std::vector<ContainerRun> RunsOf(const FileSystem& files, const std::string& pod_logs,
                                 const std::string& pod, const std::string& container);

// The last lines of a container's log, bounded and printable; empty when it cannot be read.
std::string LastWords(const FileSystem& files, const std::string& log);

}  // namespace belay

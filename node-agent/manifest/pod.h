// What Belay needs to know of a static pod's manifest, read the way kubelet reads it.  Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace belay {

struct HttpProbeFacts {
  std::string which;  // "livenessProbe" ...
  std::string path;
  bool sends_authorization = false;
  std::string host = "";   // empty: the pod's address
  std::uint32_t port = 0;  // 0: none that can be told
  bool https = false;
  std::uint32_t period_seconds = 10;
  std::uint32_t failure_threshold = 3;
};
struct MountFacts {
  std::string mount_path;
  std::string host_path;  // empty where the volume is none of the host's, or only a part of one
  std::string host_type = "";  // of the host's path: "File", "DirectoryOrCreate", ...
  bool read_only = false;
  bool operator==(const MountFacts&) const = default;
};
struct ContainerFacts {
  std::string name;
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::vector<HttpProbeFacts> http_probes;
  std::vector<std::string> mount_paths;  // volumeMounts[].mountPath
  std::vector<MountFacts> mounts = {};   // the same, with what is mounted
};
struct PodFacts {
  std::string kind;  // "Pod"
  std::string name;
  std::string name_space;  // "default" when not given
  bool host_network = false;
  std::vector<ContainerFacts> containers;
};
absl::StatusOr<PodFacts> ReadPod(std::string_view bytes);

// Where the host has what the container sees at `path`: by its longest mount.  Nothing where no
// mount of the host's shows it.
std::optional<std::string> HostPathOf(const ContainerFacts& container, std::string_view path);

// command + args: what the process will be started with ($(VAR) unexpanded).
std::vector<std::string> Argv(const ContainerFacts& container);

// The value a flag has in argv by the component's own rules (last one wins; "--f v" and bare
// booleans understood; '_' like '-').  Nothing when it is not given.
std::optional<std::string> FlagValue(const std::vector<std::string>& argv, std::string_view flag);

// Likewise every value that it is given, in order: flags that are lists take all of them.
std::vector<std::string> FlagValues(const std::vector<std::string>& argv, std::string_view flag);

// Does a running process carry this argv?  Equal, or equal to the part of it that begins with the
// component's binary (wrappers); an element with $(VAR) matches any text in its place.
bool ArgvMatches(const std::vector<std::string>& expected, const std::vector<std::string>& running,
                 std::string_view component);

}  // namespace belay

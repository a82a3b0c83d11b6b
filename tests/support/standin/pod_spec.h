// A static pod as far as the runner needs it.  Its identity is the decoded content: comments, order
// of keys, quoting and file attributes do not change it.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/support/standin/container_view.h"

namespace belay::standin {

struct ContainerSpec {
  std::string name;
  std::vector<std::string> argv;  // command + args
  std::vector<Mount> mounts;
};
struct HostPath {
  std::string path;
  std::string type;  // "", DirectoryOrCreate, Directory, FileOrCreate, File
};
struct PodSpec {
  std::string name;      // namespace/name
  std::string identity;  // equal exactly when the decoded pods are equal
  std::vector<ContainerSpec> containers;
  std::vector<HostPath> host_paths;
};

// As lenient as kubelet: unknown fields are ignored.
absl::StatusOr<PodSpec> ParsePod(const std::string& text);

}  // namespace belay::standin

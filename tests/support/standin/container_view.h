// Which files a stand-in container sees.  It runs on the host without a mount namespace, so a path
// counts as existing only below a path that its pod mounts; static_pod_runner says which in the
// environment: BELAY_STANDIN_ROOT (the node's root) and BELAY_STANDIN_MOUNTS, one
// "mountPath<TAB>hostPath<TAB>ro|rw" a line.
#pragma once
#include <string>
#include <vector>

namespace belay::standin {

inline constexpr char kRootVariable[] = "BELAY_STANDIN_ROOT";
inline constexpr char kMountsVariable[] = "BELAY_STANDIN_MOUNTS";

struct Mount {
  std::string mount_path;
  std::string host_path;  // as the node sees it
  bool read_only = false;
};

std::string EncodeMounts(const std::vector<Mount>& mounts);

class ContainerView {
 public:
  // Without the variables every path is what it says.
  static ContainerView FromEnvironment();
  ContainerView(std::string root, std::vector<Mount> mounts);

  // Where `path` of the container really lies; empty when no mount covers it.  `writing` also asks
  // for a mount that is not read-only.
  std::string Resolve(const std::string& path, bool writing = false) const;

 private:
  std::string root_;
  std::vector<Mount> mounts_;
};

}  // namespace belay::standin

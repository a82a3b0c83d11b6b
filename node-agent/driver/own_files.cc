#include "node-agent/driver/own_files.h"

#include <set>

namespace belay {

NodePolicy PolicyOf(const AgentConfig& config, const std::string& config_path,
                    const std::vector<MountPoint>& mounts) {
  std::vector<std::string> own;
  for (const TrustedKeyFile& key : config.trust.keys) own.push_back(key.file);
  own.push_back(config.state_dir);
  own.push_back(config_path);
  std::set<std::string> names;
  for (const std::string& path : own) {
    names.insert(path);
    if (config.host_root != "/" && IsBelow(path, config.host_root)) {
      names.insert(path.substr(config.host_root.size()));
    }
    for (const std::string& name : OtherNames(mounts, path, config.host_root)) names.insert(name);
  }
  return {.manifest_dir = config.manifest_dir,
          .allowed_paths = config.allowed_paths,
          .allowed_mounts = config.allowed_mounts,
          .protected_paths = {names.begin(), names.end()},
          .cluster = config.cluster,
          .node = config.node,
          .untargeted_plans = config.trust.untargeted_plans,
          .allowed_edits = config.trust.allowed_edits,
          .allowed_manifests = config.trust.allowed_manifests};
}

}  // namespace belay

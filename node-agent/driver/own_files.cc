#include "node-agent/driver/own_files.h"

#include <set>

namespace belay {

NodePolicy PolicyOf(const AgentConfig& config, const std::string& config_path,
                    const std::vector<MountPoint>& mounts) {
  std::vector<std::string> own = config.trusted_keys;
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
  return {config.manifest_dir,
          config.allowed_paths,
          config.allowed_mounts,
          {names.begin(), names.end()}};
}

}  // namespace belay

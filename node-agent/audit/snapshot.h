// What an audit knows of a node: everything that was read, with the reason where something could
// not be.  Values only; collect.h fills it, evaluate.h judges it.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/catalog/catalog.h"
#include "common/os/node_files.h"
#include "node-agent/configfile/config_value.h"
#include "node-agent/manifest/argv_view.h"
#include "node-agent/manifest/pod.h"

namespace belay {

// One place that says with which flags a component starts, or was started.
struct CommandLine {
  std::string where;  // "/etc/kubernetes/manifests/etcd.yaml", "process 812"
  bool running = false;
  absl::Status status;  // why its flags cannot be told
  std::vector<FlagUse> uses;
  std::map<std::string, std::string> environment;  // only what settings may be given by
};

struct ComponentState {
  std::optional<CommandLine> manifest;
  std::vector<CommandLine> running;  // normally one
  std::string manifest_path;
  std::optional<ContainerFacts> container;  // of the manifest
  std::string pod_uid;                      // it runs in a pod that no manifest here describes
  // By the path its --config names; drop-ins of kubelet merged.
  std::map<std::string, absl::StatusOr<ConfigValue>> configs;

  bool IsHere() const { return manifest.has_value() || !running.empty(); }
};

struct TreeEntry {
  std::string path;
  FileFacts facts;
};
struct Tree {
  absl::Status status;  // NOT_FOUND: there is no such directory; else not everything was seen
  std::vector<TreeEntry> entries;  // the directory itself first
};

struct Snapshot {
  std::map<std::string, ComponentState> components;
  std::map<std::string, absl::StatusOr<FileFacts>> files;  // that a check names
  std::map<std::string, absl::StatusOr<std::string>> contents;
  std::map<std::string, Tree> trees;
  absl::StatusOr<std::map<std::string, std::uint32_t>> users =
      absl::UnknownError("not read");  // by name, of the node
  absl::StatusOr<std::map<std::string, std::uint32_t>> groups = absl::UnknownError("not read");
  std::optional<KubernetesMinor> kubernetes;

  // An empty one where the node does not have it.
  const ComponentState& Component(const std::string& name) const;
};

// What a look at the node must still bring.
struct Wanted {
  std::vector<std::string> files;
  std::vector<std::string> contents;
  std::vector<std::string> trees;
};

}  // namespace belay

// From the bytes of manifests and the arguments of processes to what a component is told.  Pure.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/catalog/catalog.h"
#include "common/os/process_table.h"
#include "node-agent/audit/snapshot.h"

namespace belay {

struct ManifestFile {
  std::string path;
  absl::StatusOr<std::string> bytes;
};

// Which of `component` the files of a static-pod directory describe.  Two files that do, and one
// that names it and cannot be read, leave the flags unknown: kubelet may run either.
void TakeManifests(const std::string& component, const std::vector<ManifestFile>& files,
                   ComponentState& state);

// Of the processes that carry the component's name somewhere those that are it; where the manifest
// is known and some carry its command line, only these (others run in pods of their own).
void TakeProcesses(const std::string& component, const std::vector<Process>& processes,
                   ComponentState& state);

// By the tag of the component's image in one of the files; nothing for digests and "latest".
std::optional<KubernetesMinor> VersionByImage(const std::string& component,
                                              const std::vector<ManifestFile>& files);

// Names and numbers of an /etc/passwd or /etc/group.
std::map<std::string, std::uint32_t> ReadAccounts(std::string_view text);

// `over` on top of `base` as kubelet merges its drop-ins: maps key by key, everything else whole.
void MergeConfig(ConfigValue& base, const ConfigValue& over);

// One document of a component's configuration; INVALID_ARGUMENT where it has more.
absl::StatusOr<ConfigValue> ReadComponentConfig(const std::string& path, const std::string& bytes);

}  // namespace belay

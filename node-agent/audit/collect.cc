#include "node-agent/audit/collect.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "node-agent/audit/component_state.h"
#include "node-agent/audit/judge_files.h"
#include "node-agent/audit/judge_setting.h"
#include "node-agent/audit/settings.h"

namespace belay {
namespace {

constexpr const char* kPrograms[] = {
    "kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd", "kubelet", "kube-proxy"};

bool IsOtherThanMissing(const absl::Status& status) {
  return !status.ok() && !absl::IsNotFound(status);
}

// As kubelet reads it: every file, but for names that begin with a dot.
std::vector<ManifestFile> ReadManifests(const AuditSources& sources) {
  std::vector<ManifestFile> files;
  for (const std::string& directory : sources.manifest_dirs) {
    const absl::StatusOr<std::vector<DirectoryEntry>> entries = sources.host.ListAt(directory);
    if (!entries.ok()) continue;
    for (const DirectoryEntry& entry : *entries) {
      if (entry.name.empty() || entry.name.front() == '.') continue;
      if (entry.type == EntryType::Directory || entry.type == EntryType::Other) continue;
      const std::string path = absl::StrCat(directory, "/", entry.name);
      files.push_back({path, sources.host.ReadSmall(path, kMostAuditBytes)});
    }
  }
  return files;
}

void AddVariables(const Check& check, const std::string& component, std::set<std::string>& names) {
  if (check.kind == Check::Kind::Setting && check.setting.component == component &&
      !check.setting.environment.empty()) {
    names.insert(check.setting.environment);
  }
  for (const Check& child : check.children) AddVariables(child, component, names);
}

// Only variables that a control asks about leave this function: others may be secrets.
void TakeEnvironment(const std::string& component, const Catalog& catalog,
                     const AuditSources& sources, ComponentState& state) {
  std::set<std::string> names;
  for (const Control& control : catalog.controls) AddVariables(control.check, component, names);
  if (names.empty()) return;
  for (CommandLine& line : state.running) {
    const std::string path =
        absl::StrCat("/proc/", line.where.substr(line.where.rfind(' ') + 1), "/environ");
    const absl::StatusOr<std::string> text = sources.proc.ReadSmall(path, kMostAuditBytes);
    if (!text.ok()) {
      line.status.Update(absl::Status(
          text.status().code(),
          absl::StrCat("its environment could not be read: ", text.status().message())));
      continue;
    }
    for (const absl::string_view entry : absl::StrSplit(*text, '\0')) {
      const std::size_t equals = entry.find('=');
      if (equals == absl::string_view::npos) continue;
      std::string name(entry.substr(0, equals));
      if (names.count(name) > 0) line.environment[name] = std::string(entry.substr(equals + 1));
    }
  }
}

// Of a pod without a manifest here, a ConfigMap's file lies among kubelet's volumes.
absl::StatusOr<std::string> ReadInPod(const std::string& pod_uid, const std::string& given,
                                      const NodeFiles& host) {
  const std::string volumes =
      absl::StrCat("/var/lib/kubelet/pods/", pod_uid, "/volumes/kubernetes.io~configmap");
  const absl::StatusOr<std::vector<DirectoryEntry>> names = host.ListAt(volumes);
  if (!names.ok()) return names.status();
  std::optional<std::string> found;
  for (const DirectoryEntry& volume : *names) {
    const std::string path =
        absl::StrCat(volumes, "/", volume.name, given.substr(given.rfind('/')));
    absl::StatusOr<std::string> bytes = host.ReadSmall(path, kMostAuditBytes);
    if (!bytes.ok()) continue;
    if (found)
      return absl::FailedPreconditionError(given + " could be in two of the pod's volumes");
    found = *std::move(bytes);
  }
  if (!found) return absl::NotFoundError(absl::StrCat(given, " is in none of the pod's volumes"));
  return *std::move(found);
}

void MergeDropIns(const CommandLine& line, const NodeFiles& host,
                  absl::StatusOr<ConfigValue>& config) {
  const std::optional<std::string> directory = LastFlag(line, "config-dir");
  if (!directory || !config.ok()) return;
  const absl::StatusOr<std::vector<DirectoryEntry>> entries = host.ListAt(*directory);
  if (!entries.ok()) {
    config = entries.status();
    return;
  }
  for (const DirectoryEntry& entry : *entries) {
    const std::string path = absl::StrCat(*directory, "/", entry.name);
    if (entry.type == EntryType::Directory) {
      // Kubelet walks into it.
      config = absl::FailedPreconditionError(absl::StrCat(
          path, " is a folder among kubelet's drop-in files, which an audit does not read"));
      return;
    }
    if (!absl::EndsWith(entry.name, ".conf")) continue;
    const absl::StatusOr<std::string> bytes = host.ReadSmall(path, kMostAuditBytes);
    const absl::StatusOr<ConfigValue> over =
        bytes.ok() ? ReadComponentConfig(path, *bytes) : bytes.status();
    if (!over.ok()) {
      config = over.status();
      return;
    }
    MergeConfig(*config, *over);
  }
}

void ReadConfigs(const std::string& component, const AuditSources& sources, Snapshot& snapshot) {
  ComponentState& state = snapshot.components[component];
  for (const NamedPath& path : ConfigFilesOf(component, snapshot)) {
    if (!path.unknown.empty()) continue;
    absl::StatusOr<std::string> bytes = absl::NotFoundError(path.given + " is not on the node");
    if (!path.on_node.empty()) {
      bytes = sources.host.ReadSmall(path.on_node, kMostAuditBytes);
    } else if (!state.pod_uid.empty() && absl::StartsWith(path.given, "/")) {
      bytes = ReadInPod(state.pod_uid, path.given, sources.host);
    }
    absl::StatusOr<ConfigValue> config =
        bytes.ok() ? ReadComponentConfig(path.given, *bytes) : bytes.status();
    if (component == "kubelet" && !state.running.empty()) {
      MergeDropIns(state.running.back(), sources.host, config);
    }
    state.configs.insert_or_assign(path.given, std::move(config));
  }
}

class TreeWalk {
 public:
  TreeWalk(const NodeFiles& host, Tree& tree) : host_(host), tree_(tree) {}

  void Walk(const std::string& directory, int depth) {
    const absl::StatusOr<FileFacts> own = host_.Look(directory);
    const absl::StatusOr<std::vector<DirectoryEntry>> entries =
        own.ok() ? host_.ListAt(directory) : own.status();
    if (!entries.ok()) {
      if (depth == 0 || IsOtherThanMissing(entries.status())) tree_.status.Update(entries.status());
      return;
    }
    if (depth > kMostTreeDepth) return Stop("is deeper than an audit goes");
    tree_.entries.push_back({directory, *own});
    for (const DirectoryEntry& entry : *entries) {
      if (tree_.entries.size() >= kMostTreeEntries)
        return Stop("has more files than are looked at");
      const std::string path = absl::StrCat(directory, "/", entry.name);
      if (entry.type == EntryType::Directory) {
        Walk(path, depth + 1);
        continue;
      }
      const absl::StatusOr<FileFacts> facts = host_.Look(path);
      // A link to a directory is not walked into; one that leads nowhere holds nothing.
      if (facts.ok() && facts->type != EntryType::Directory)
        tree_.entries.push_back({path, *facts});
      if (IsOtherThanMissing(facts.status())) tree_.status.Update(facts.status());
    }
  }

 private:
  void Stop(const char* why) {
    tree_.status.Update(absl::ResourceExhaustedError(
        absl::StrCat(tree_.entries.empty() ? "it" : tree_.entries.front().path, " ", why)));
  }

  const NodeFiles& host_;
  Tree& tree_;
};

absl::StatusOr<std::map<std::string, std::uint32_t>> Accounts(const NodeFiles& host,
                                                              const std::string& path) {
  const absl::StatusOr<std::string> text = host.ReadSmall(path, kMostAuditBytes);
  if (!text.ok()) return text.status();
  return ReadAccounts(*text);
}

}  // namespace

std::optional<KubernetesMinor> KubernetesOf(const AuditSources& sources) {
  return VersionByImage("kube-apiserver", ReadManifests(sources));
}

Snapshot Collect(const Catalog& catalog, const AuditSources& sources,
                 const std::optional<KubernetesMinor>& kubernetes) {
  Snapshot snapshot;
  const std::vector<ManifestFile> manifests = ReadManifests(sources);
  snapshot.kubernetes = kubernetes;
  for (const char* const component : kPrograms) {
    ComponentState& state = snapshot.components[component];
    TakeManifests(component, manifests, state);
    TakeProcesses(component, sources.processes.List(component), state);
    TakeEnvironment(component, catalog, sources, state);
    ReadConfigs(component, sources, snapshot);
  }
  const Wanted wanted = WantedBy(catalog, snapshot);
  for (const std::string& path : wanted.files) {
    snapshot.files.insert_or_assign(path, sources.host.Look(path));
  }
  for (const std::string& path : wanted.contents) {
    snapshot.contents.insert_or_assign(path, sources.host.ReadSmall(path, kMostAuditBytes));
  }
  for (const std::string& path : wanted.trees) {
    TreeWalk(sources.host, snapshot.trees[path]).Walk(path, 0);
  }
  snapshot.users = Accounts(sources.host, "/etc/passwd");
  snapshot.groups = Accounts(sources.host, "/etc/group");
  return snapshot;
}

}  // namespace belay

// A node as kubeadm leaves it and a careful operator hardened it, in memory: every automated
// control of the newest benchmark passes on it.  The tests change one thing and look at what is
// said.
#pragma once
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/catalog/embedded.h"
#include "node-agent/audit/collect.h"
#include "node-agent/audit/evaluate.h"

namespace belay::audit {

struct FakeFiles final : NodeFiles {
  struct File {
    FileFacts facts;
    std::string bytes;
    absl::Status broken;  // why nobody can look at it
  };
  std::map<std::string, File> files;

  absl::StatusOr<FileFacts> Look(const std::string& path) const override {
    const auto found = files.find(path);
    if (found == files.end()) return absl::NotFoundError("look at " + path + ": not there");
    if (!found->second.broken.ok()) return found->second.broken;
    return found->second.facts;
  }
  absl::StatusOr<std::string> ReadSmall(const std::string& path, std::size_t most) const override {
    const absl::StatusOr<FileFacts> facts = Look(path);
    if (!facts.ok()) return facts.status();
    if (facts->type != EntryType::RegularFile) return absl::FailedPreconditionError(path);
    const std::string& bytes = files.at(path).bytes;
    if (bytes.size() > most) return absl::FailedPreconditionError(path + ": too large");
    return bytes;
  }
  absl::StatusOr<std::vector<DirectoryEntry>> ListAt(const std::string& directory) const override {
    const absl::StatusOr<FileFacts> own = Look(directory);
    if (!own.ok()) return own.status();
    std::vector<DirectoryEntry> entries;
    for (const auto& [path, file] : files) {
      const std::size_t slash = path.rfind('/');
      if (path.substr(0, slash) == directory && path != directory) {
        entries.push_back({path.substr(slash + 1), file.facts.type});
      }
    }
    return entries;
  }

  void Put(const std::string& path, const std::string& bytes, std::uint32_t mode = 0600) {
    files[path] = {{EntryType::RegularFile, mode, 0, 0}, bytes, {}};
    for (std::size_t at = path.rfind('/'); at != std::string::npos && at != 0;
         at = path.rfind('/', at - 1)) {
      files.try_emplace(path.substr(0, at), File{{EntryType::Directory, 0755, 0, 0}, "", {}});
    }
  }
};

struct FakeProcesses final : ProcessTable {
  std::map<std::string, std::vector<Process>> by_name;
  std::vector<Process> List(const std::string& component) const override {
    const auto found = by_name.find(component);
    return found == by_name.end() ? std::vector<Process>() : found->second;
  }
  bool OwnsListener(std::int64_t, const std::string&, std::uint32_t) const override {
    return false;
  }
};

using Flags = std::vector<std::string>;

struct World {
  World();

  // What the manifest says, and what runs; normally both.
  std::map<std::string, Flags> manifest;
  std::map<std::string, Flags> running;
  std::map<std::string, std::string> kubelet;  // key.path: value, of its configuration
  FakeFiles files;
  FakeProcesses extra;                        // beside those of `running`
  std::map<std::string, std::string> pod_of;  // uid, by component
  std::string environment;                    // of every process
  bool generates = true;  // files of `manifest` and `kubelet` that are not in `files`
  std::optional<KubernetesMinor> version = KubernetesMinor{1, 32};

  // Without `flag` first; a flag without "--" in front is an item as it stands.
  void SetFlag(const std::string& component, const std::string& flag, const Flags& items) {
    for (auto* lines : {&manifest, &running}) {
      if (lines->count(component) == 0) continue;
      Flags& flags = (*lines)[component];
      std::erase_if(flags, [&](const std::string& item) {
        return item == "--" + flag || absl::StartsWith(item, "--" + flag + "=");
      });
      flags.insert(flags.end(), items.begin(), items.end());
    }
  }
  std::vector<v1::ControlResult> Audit(const std::string& benchmark = "cis-1.12");
  v1::ControlResult Audit1(const std::string& id, const std::string& benchmark = "cis-1.12");

 private:
  std::string ManifestText(const std::string& component) const;
  std::string KubeletConfig() const;
};

inline const char* Name(v1::AuditOutcome outcome) { return v1::AuditOutcome_Name(outcome).c_str(); }

}  // namespace belay::audit

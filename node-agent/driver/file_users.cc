#include "node-agent/driver/file_users.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"
#include "common/plan/gated.h"
#include "node-agent/driver/config.h"
#include "node-agent/manifest/pod.h"

namespace belay {
namespace {

// What runs outside of static pods on some nodes, kubelet on all.
constexpr std::array<const char*, 5> kComponents = {
    "kubelet", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"};

struct FileUser {
  std::string manifest;   // path; empty for a process that is no static pod
  std::string component;  // name of its processes
  std::string how;        // for people: "names it in --audit-policy-file"
  bool by_name = false;   // an argument names the file or a folder above it
};

// The absolute paths in one argument: "--flag=/a,/b", "/a", "--flag=unix:///a".
std::vector<std::string> PathsIn(const std::string& argument) {
  const std::size_t equals = argument.find('=');
  const std::string value =
      argument[0] == '-' && equals != std::string::npos ? argument.substr(equals + 1) : argument;
  std::vector<std::string> paths;
  for (absl::string_view part : absl::StrSplit(value, ',')) {
    absl::ConsumePrefix(&part, "unix://");
    std::string path(part);
    if (path.size() > 1 && IsCleanPath(path)) paths.push_back(std::move(path));
  }
  return paths;
}

bool IsOrIsBelow(const std::string& path, const std::string& place) {
  return path == place || absl::StrCat(path, "/") == place || IsBelow(path, place);
}

// Empty when no argument names `path`; a mount may show it under another name.
std::string NamedBy(const std::vector<std::string>& argv, const std::string& path,
                    const ContainerFacts* container) {
  for (const std::string& argument : argv) {
    if (argument.empty()) continue;
    for (const std::string& named : PathsIn(argument)) {
      std::optional<std::string> on_host;
      if (container != nullptr) on_host = HostPathOf(*container, named);
      if (IsOrIsBelow(path, on_host.value_or(named))) {
        return absl::StrCat("names it in ", argument);
      }
    }
  }
  return "";
}

std::vector<FileUser> UsersInPod(const PodFacts& pod, const std::string& manifest,
                                 const std::string& path) {
  std::vector<FileUser> users;
  for (const ContainerFacts& container : pod.containers) {
    FileUser user{manifest, container.name, NamedBy(Argv(container), path, &container), true};
    if (user.how.empty()) {
      user.by_name = false;
      for (const MountFacts& mount : container.mounts) {
        if (mount.host_path.empty() || !IsOrIsBelow(path, mount.host_path)) continue;
        user.how = absl::StrCat("mounts ", mount.host_path);
        break;
      }
    }
    if (!user.how.empty()) users.push_back(std::move(user));
  }
  return users;
}

absl::StatusOr<std::map<std::string, std::string>> ReadManifests(const FileSystem& files,
                                                                 const std::string& directory) {
  std::map<std::string, std::string> manifests;
  const absl::StatusOr<std::vector<DirectoryEntry>> entries = files.List(directory);
  if (absl::IsNotFound(entries.status())) return manifests;
  RETURN_IF_ERROR(entries.status());
  for (const DirectoryEntry& entry : *entries) {
    if (entry.type != EntryType::RegularFile || entry.name[0] == '.') continue;
    const std::string path = absl::StrCat(directory, "/", entry.name);
    absl::StatusOr<FileContent> content = files.Read(path);
    if (absl::IsNotFound(content.status())) continue;  // gone since it was listed
    RETURN_IF_ERROR(content.status());
    manifests[path] = std::move(content->bytes);
  }
  return manifests;
}

// Those that this step does not start anew.
std::vector<FileUser> UnprovedUsers(const std::string& path,
                                    const std::map<std::string, std::string>& manifests,
                                    const std::set<std::string>& gated,
                                    const ProcessTable& processes, const std::string& restarted) {
  std::vector<FileUser> users;
  std::set<std::string> known;  // components whose manifest says what they use
  for (const auto& [manifest, bytes] : manifests) {
    const absl::StatusOr<PodFacts> pod = ReadPod(bytes);
    if (!pod.ok()) {
      // What we cannot read kubelet may run all the same.
      if (!absl::StrContains(bytes, path)) continue;
      users.push_back({manifest, "", "mentions it in a form that cannot be read", true});
      continue;
    }
    for (const ContainerFacts& container : pod->containers) known.insert(container.name);
    if (gated.contains(manifest)) continue;
    for (FileUser& user : UsersInPod(*pod, manifest, path)) users.push_back(std::move(user));
  }
  for (const char* component : kComponents) {
    if (known.contains(component) || component == restarted) continue;
    for (const Process& process : processes.List(component)) {
      std::string how = NamedBy(process.argv, path, nullptr);
      if (!how.empty()) users.push_back({"", component, std::move(how), true});
    }
  }
  return users;
}

std::string Named(const FileUser& user) {
  return user.manifest.empty() ? absl::StrCat("the running ", user.component) : user.manifest;
}

absl::Status RefuseContent(const PathChange& change, const FileUser& user) {
  return absl::FailedPreconditionError(absl::StrCat(
      change.path, ": ", Named(user), " uses this file (it ", user.how,
      ") but is not started anew by this step, so that nothing would prove the change until its "
      "next start, maybe weeks later; ",
      user.component == kKubelet ? "add restartService: kubelet to the same step"
      : user.manifest.empty()
          ? "this agent cannot restart it: leave the edit out"
          : "write the content to a file of a new name and set the flag to it in the same step"));
}

absl::Status RefuseAttributes(const PathChange& change, const FileUser& user, const char* why) {
  return absl::FailedPreconditionError(absl::StrCat(change.path, ": ", Named(user),
                                                    " uses this file (it ", user.how, ") and ", why,
                                                    "; choose a mode and an owner that let it"));
}

absl::Status CheckAttributes(const PathChange& change, const FileUser& user,
                             const ProcessTable& processes) {
  const std::vector<Process> running =
      user.component.empty() ? std::vector<Process>() : processes.List(user.component);
  if (running.empty()) {
    return RefuseAttributes(change, user,
                            "is not running, so that nobody can tell whether it could still open "
                            "it with the new mode and owner");
  }
  for (const Process& process : running) {
    if (!process.rights) {
      return RefuseAttributes(change, user, "its process does not show what it may open");
    }
    for (const std::uint32_t how : {4U, 2U}) {
      if (MayOpen(*process.rights, change.before.attributes, how) &&
          !MayOpen(*process.rights, change.after.attributes, how)) {
        return RefuseAttributes(
            change, user,
            how == 4 ? "runs as a user that could no longer read it, which shows at its next start"
                     : "runs as a user that could no longer write it");
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

bool MayOpen(const ProcessRights& rights, const FileAttributes& file, std::uint32_t how) {
  if (rights.overrides) return true;
  if (rights.uid == file.uid) return (file.mode >> 6 & how) != 0;
  const bool in_group =
      rights.gid == file.gid ||
      std::find(rights.groups.begin(), rights.groups.end(), file.gid) != rights.groups.end();
  return ((in_group ? file.mode >> 3 : file.mode) & how) != 0;
}

absl::Status RefuseUnprovedUse(const StepChanges& changes, const std::string& manifest_dir,
                               const FileSystem& files, const ProcessTable& processes,
                               const std::string& restarted) {
  std::set<std::string> gated;
  for (const PathChange& change : changes) {
    if (!change.manifest.empty() && change.before.bytes != change.after.bytes) {
      gated.insert(change.path);
    }
  }
  ASSIGN_OR_RETURN(const auto manifests, ReadManifests(files, manifest_dir));
  for (const PathChange& change : changes) {
    // What a manifest says is proved by its own gate; who may open it is not.
    const bool content = change.manifest.empty() && (change.before.exists != change.after.exists ||
                                                     change.before.bytes != change.after.bytes);
    if (!content && change.before.attributes == change.after.attributes) continue;
    for (const FileUser& user :
         UnprovedUsers(change.path, manifests, gated, processes, restarted)) {
      // A file that is new to a folder is read by nobody who does not name it.
      if (!change.before.exists && !user.by_name) continue;
      RETURN_IF_ERROR(content ? RefuseContent(change, user)
                              : CheckAttributes(change, user, processes));
    }
  }
  return absl::OkStatus();
}

}  // namespace belay

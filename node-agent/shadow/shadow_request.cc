#include "node-agent/shadow/shadow_request.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "node-agent/shadow/shadow_arguments.h"

namespace belay {
namespace {

constexpr std::uint32_t kModeBits = 07777;

using Argv = google::protobuf::RepeatedPtrField<std::string>;

std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// Where a mount shows a file of the node's.
std::optional<std::string> InPod(const MountFacts& mount, const std::string& host_path) {
  if (mount.host_path.empty()) return std::nullopt;
  const std::string source = WithoutSlash(mount.host_path);
  const std::string at = WithoutSlash(mount.mount_path);
  if (host_path == source) return at;
  const std::string below = source == "/" ? "/" : absl::StrCat(source, "/");
  if (!absl::StartsWith(host_path, below)) return std::nullopt;
  return absl::StrCat(at == "/" ? "" : at, "/", host_path.substr(below.size()));
}

bool ShowsTheSame(const MountFacts& a, const MountFacts& b) {
  return WithoutSlash(a.mount_path) == WithoutSlash(b.mount_path) &&
         WithoutSlash(a.host_path) == WithoutSlash(b.host_path);
}

void AddMounts(const ContainerFacts& before, const ContainerFacts& after,
               v1::ShadowRequest* request) {
  std::vector<MountFacts> added;
  for (const MountFacts& mount : after.mounts) {
    const bool there =
        std::any_of(before.mounts.begin(), before.mounts.end(),
                    [&mount](const MountFacts& old) { return ShowsTheSame(old, mount); });
    if (!there && !mount.host_path.empty()) added.push_back(mount);
  }
  // What lies in another comes behind it.
  std::stable_sort(added.begin(), added.end(), [](const MountFacts& a, const MountFacts& b) {
    return a.mount_path.size() < b.mount_path.size();
  });
  for (const MountFacts& mount : added) {
    v1::ShadowMount& out = *request->add_mounts();
    out.set_path(WithoutSlash(mount.mount_path));
    out.set_host_path(WithoutSlash(mount.host_path));
    out.set_file(absl::StartsWith(mount.host_type, "File"));
  }
  for (const MountFacts& mount : before.mounts) {
    const bool stays =
        std::any_of(after.mounts.begin(), after.mounts.end(), [&mount](const MountFacts& one) {
          return WithoutSlash(one.mount_path) == WithoutSlash(mount.mount_path);
        });
    if (!stays) request->add_hidden(WithoutSlash(mount.mount_path));
  }
}

absl::Status AddFiles(const ContainerFacts& after, const StepPlan& plan,
                      v1::ShadowRequest* request) {
  for (const v1::FileChange& change : plan.prepared.changes()) {
    if (change.is_manifest()) continue;
    for (const MountFacts& mount : after.mounts) {
      const std::optional<std::string> path = InPod(mount, change.path());
      if (!path) continue;
      if (!change.after().exists()) {
        request->add_hidden(*path);
        continue;
      }
      const auto bytes = plan.after_bytes.find(change.path());
      if (bytes == plan.after_bytes.end()) {
        return absl::InternalError(
            absl::StrCat("the new bytes of ", change.path(), " are missing"));
      }
      v1::ShadowFile& file = *request->add_files();
      file.set_path(*path);
      file.set_content(bytes->second);
      file.set_mode(change.after().mode() & kModeBits);
      file.set_uid(change.after().uid());
      file.set_gid(change.after().gid());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::ShadowRequest> RequestOf(const Argv& argv, const v1::HealthEndpoint& health) {
  const std::vector<std::string> given(argv.begin(), argv.end());
  ASSIGN_OR_RETURN(const std::vector<std::string> arguments, ShadowArguments(given));
  v1::ShadowRequest request;
  request.mutable_argv()->Assign(arguments.begin(), arguments.end());
  *request.mutable_health() = health;
  const ShadowWrites writes = WritesOf(given);
  request.mutable_writable()->Assign(writes.folders.begin(), writes.folders.end());
  request.mutable_hidden()->Assign(writes.logs.begin(), writes.logs.end());
  return request;
}

}  // namespace

absl::StatusOr<v1::ShadowRequest> CandidateRequest(const v1::ComponentExpectation& component,
                                                   const ContainerFacts& before,
                                                   const ContainerFacts& after,
                                                   const StepPlan& plan) {
  ASSIGN_OR_RETURN(v1::ShadowRequest request,
                   RequestOf(component.argv_after(), component.health_after()));
  AddMounts(before, after, &request);
  RETURN_IF_ERROR(AddFiles(after, plan, &request));
  return request;
}

absl::StatusOr<v1::ShadowRequest> BaselineRequest(const v1::ComponentExpectation& component) {
  return RequestOf(component.argv_before(), component.health_before());
}

}  // namespace belay

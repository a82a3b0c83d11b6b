#include "node-agent/driver/preparer.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/plan/gated.h"
#include "node-agent/change/change_text.h"
#include "node-agent/driver/file_users.h"
#include "node-agent/driver/stray_pods.h"
#include "node-agent/health/argument_check.h"
#include "node-agent/health/effective_config.h"
#include "node-agent/health/expectation.h"
#include "node-agent/health/kubelet_expectation.h"
#include "node-agent/health/server_process.h"
#include "node-agent/manifest/pod.h"
#include "node-agent/transaction/file_image.h"

namespace belay {
namespace {

// All diffs of a step travel in one record, which must fit into one message of the link.
constexpr std::size_t kMostDiffBytes = std::size_t{1} << 20;

v1::FileImage ImageOfVersion(const FileVersion& version) {
  return version.exists ? ImageOf(version.bytes, version.attributes) : AbsentImage();
}

void AddChange(const PathChange& change, StepPlan* step) {
  v1::FileChange out;
  out.set_path(change.path);
  out.set_is_manifest(!change.manifest.empty());
  *out.mutable_before() = ImageOfVersion(change.before);
  *out.mutable_after() = ImageOfVersion(change.after);
  // The record goes to the coordinator, and from there into reports.
  std::string diff = PublicChangeText(change);
  std::size_t room = kMostDiffBytes;
  for (const v1::FileChange& other : step->prepared.changes()) {
    room -= std::min(room, other.diff().size());
  }
  if (diff.size() > room) {
    diff.resize(room);
    diff += "\n(the rest is too long and was left out)\n";
  }
  out.set_diff(std::move(diff));
  if (change.after.exists) step->after_bytes[change.path] = change.after.bytes;
  *step->prepared.add_changes() = std::move(out);
}

// ManifestPath, the other way.
std::string ManifestNameOf(const std::string& path) {
  std::string name = BaseName(path);
  return name.substr(0, name.rfind('.'));
}

}  // namespace

// Proves that the manifest is one that can be judged, and how the old process is told from the new.
// Nothing where the manifest is already as wanted and runs.
absl::StatusOr<std::optional<v1::ComponentExpectation>> Preparer::ExpectationOf(
    const PathChange& manifest, const StepChanges& all) const {
  ManifestChange change;
  change.manifest = manifest.manifest;
  change.path = manifest.path;
  change.touched_flags = manifest.touched_flags;
  ASSIGN_OR_RETURN(change.before, ReadPod(manifest.before.bytes));
  RETURN_IF_ERROR(RefuseStrayCopies(files_, manifest.path, change.before));
  ASSIGN_OR_RETURN(change.after, ReadPod(manifest.after.bytes));
  if (manifest.before.bytes == manifest.after.bytes) {
    RETURN_IF_ERROR(RefuseUnprovable(change));
    RETURN_IF_ERROR(RequireAdopted(change, processes_));
    return std::nullopt;
  }
  for (const PathChange& other : all) {
    if (other.manifest.empty() && other.changed()) change.other_paths.push_back(other.path);
  }
  change.will_exist = [this, &all](const std::string& path) { return WillExist(path, all); };
  change.will_be_folder = [this, &all](const std::string& path) {
    const bool made = std::any_of(all.begin(), all.end(), [&path](const PathChange& other) {
      return other.after.exists && absl::StartsWith(other.path, path + "/");
    });
    return made || files_.List(path).ok();
  };
  ASSIGN_OR_RETURN(v1::ComponentExpectation expectation, belay::ExpectationOf(change, processes_));
  for (v1::HealthEndpoint* endpoint :
       {expectation.mutable_health_before(), expectation.mutable_health_after()}) {
    // Where strangers are not answered, the client is asked anyway.
    endpoint->set_lets_client_in(endpoint->kind() == v1::HealthEndpoint::API_SERVER &&
                                 endpoint->anonymous() && HasClient());
  }
  RETURN_IF_ERROR(TryArguments(expectation));
  return expectation;
}

bool Preparer::HasClient() const {
  return !services_.client_certificate.empty() && files_.Read(services_.client_certificate).ok();
}

// Asked of the process that serves the old arguments; where none does, nobody is asked.
absl::Status Preparer::TryArguments(const v1::ComponentExpectation& component) const {
  if (services_.trial == nullptr) return absl::OkStatus();
  const std::optional<Process> server = FindServer(component, processes_);
  return server ? RefuseUnknownArguments(component, *server, *services_.trial) : absl::OkStatus();
}

bool Preparer::WillExist(const std::string& path, const StepChanges& all) const {
  for (const PathChange& other : all) {
    if (other.path == path) return other.after.exists;
  }
  // What cannot be read here, a link for one, may be readable there.
  return !absl::IsNotFound(files_.Read(path).status());
}

// Proves that kubelet can be restarted, that it then reads what the step has changed, and how its
// new process is told from the old.
absl::StatusOr<v1::ComponentExpectation> Preparer::KubeletOf(const StepChanges& all) const {
  if (services_.manager == nullptr) {
    return absl::FailedPreconditionError(
        "this agent does not run in its node's own namespaces (host_root is not \"/\"), so that it "
        "cannot restart kubelet; leave the step out, or run the agent as a service of the node");
  }
  RETURN_IF_ERROR(services_.manager->Check());
  ASSIGN_OR_RETURN(const RunningKubelet kubelet, FindKubelet(processes_));
  const auto config = std::find_if(all.begin(), all.end(), [&kubelet](const PathChange& change) {
    return change.path == kubelet.config_file && change.changed() && change.after.exists;
  });
  if (config == all.end()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the running kubelet (process ", kubelet.process.pid,
                     ") reads its configuration from ", kubelet.config_file,
                     ", which this step does not change, so that its restart would prove "
                     "nothing; name that file in the plan"));
  }
  KubeletChange change;
  change.path = config->path;
  change.before = config->before.bytes;
  change.after = config->after.bytes;
  change.host_name = services_.host_name;
  for (const GatedComponent& pod : kGatedComponents) {
    const std::string path = ManifestPath(manifest_dir_, std::string(pod.manifest));
    const absl::StatusOr<FileContent> manifest = files_.Read(path);
    if (absl::IsNotFound(manifest.status())) continue;
    RETURN_IF_ERROR(manifest.status());
    change.static_pods.emplace_back(pod.manifest);
    if (pod.manifest != kGatedComponents[0].manifest) continue;
    ASSIGN_OR_RETURN(const PodFacts facts, ReadPod(manifest->bytes));
    ASSIGN_OR_RETURN(const v1::Companion api_server, ApiServerCompanion(facts));
    change.api_server = api_server.health();
  }
  if (change.api_server.port() == 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "this node has no API server in ", manifest_dir_,
        " that could say whether the node is ready, so that a restart of kubelet could not be "
        "proved; this form is not supported"));
  }
  change.will_exist = [this, &all](const std::string& path) { return WillExist(path, all); };
  change.sysctl = services_.sysctl;
  return KubeletExpectationOf(change, kubelet, processes_);
}

// What the step does not change and its gate shall see healthy all the same.
absl::StatusOr<std::optional<v1::Companion>> Preparer::CompanionOf(const StepChanges& changes,
                                                                   const v1::Gate& gate) const {
  const std::string name(kGatedComponents[0].manifest);
  const auto& probes = gate.probes();
  const bool touched = std::any_of(changes.begin(), changes.end(), [&](const PathChange& change) {
    return change.manifest == name;
  });
  if (touched ||
      std::find(probes.begin(), probes.end(), kGatedComponents[0].probe) == probes.end()) {
    return std::nullopt;
  }
  const auto manifest = files_.Read(ManifestPath(manifest_dir_, name));
  if (absl::IsNotFound(manifest.status())) return std::nullopt;  // etcd on nodes of its own
  RETURN_IF_ERROR(manifest.status());
  ASSIGN_OR_RETURN(const PodFacts pod, ReadPod(manifest->bytes));
  return ApiServerCompanion(pod);
}

absl::StatusOr<StepPlan> Preparer::Prepare(const v1::Step& step) const {
  for (const std::string& manifest : TouchedManifests(step)) {
    if (FindGated(manifest) != nullptr) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("manifest \"", manifest, "\" has no gate on this agent"));
  }
  ASSIGN_OR_RETURN(StepChanges all, ChangesOf(step, manifest_dir_, files_));
  ASSIGN_OR_RETURN(const StepChanges changes,
                   WithoutForbidden(std::move(all), services_.forbidden));
  ASSIGN_OR_RETURN(StepPlan plan, PrepareChanges(changes, step.gate(), RestartedService(step)));
  for (v1::ComponentExpectation& component : *plan.prepared.mutable_components()) {
    if (!component.has_service()) continue;
    for (std::string& key : TouchedConfigKeys(step, component.service().config_file())) {
      component.add_touched_flags(std::move(key));
    }
  }
  return plan;
}

absl::StatusOr<StepPlan> Preparer::PrepareChanges(const StepChanges& changes, const v1::Gate& gate,
                                                  const std::string& restarted) const {
  StepPlan out;
  *out.prepared.mutable_gate() = gate;
  RETURN_IF_ERROR(RefuseUnprovedUse(changes, manifest_dir_, files_, processes_, restarted));
  for (const PathChange& change : changes) {
    if (!change.manifest.empty()) {
      ASSIGN_OR_RETURN(auto expectation, ExpectationOf(change, changes));
      if (expectation) *out.prepared.add_components() = *std::move(expectation);
    }
    if (change.changed()) AddChange(change, &out);
  }
  if (!restarted.empty() && !out.prepared.changes().empty()) {
    ASSIGN_OR_RETURN(*out.prepared.add_components(), KubeletOf(changes));
    out.prepared.set_restart_service(restarted);
  }
  if (out.prepared.components().empty()) return out;
  ASSIGN_OR_RETURN(const auto companion, CompanionOf(changes, gate));
  if (companion) {
    for (v1::ComponentExpectation& component : *out.prepared.mutable_components()) {
      *component.add_companions() = *companion;
    }
  }
  return out;
}

absl::StatusOr<StepPlan> Preparer::PrepareUndoing(
    const v1::Prepared& done, const std::map<std::string, std::string>& before) const {
  StepChanges changes;
  for (int i = done.changes_size() - 1; i >= 0; --i) {
    const v1::FileChange& was = done.changes(i);
    ASSIGN_OR_RETURN(const v1::FileImage now, ReadImage(files_, was.path()));
    if (!SameImage(now, was.after())) {
      return absl::FailedPreconditionError(
          absl::StrCat(was.path(),
                       " is not what the rollout made of it; somebody else has changed "
                       "it since, so it is left as it is"));
    }
    PathChange change;
    change.path = was.path();
    if (now.exists()) {
      ASSIGN_OR_RETURN(FileContent content, files_.Read(was.path()));
      change.before = {true, std::move(content.bytes), content.attributes};
    }
    if (was.before().exists()) {
      const auto bytes = before.find(was.path());
      if (bytes == before.end()) return absl::InvalidArgumentError("the old bytes are not given");
      change.after = {true, bytes->second, AttributesOf(was.before())};
    }
    if (was.is_manifest()) change.manifest = ManifestNameOf(was.path());
    for (const v1::ComponentExpectation& component : done.components()) {
      if (component.manifest_path() != was.path()) continue;
      change.touched_flags = {component.touched_flags().begin(), component.touched_flags().end()};
    }
    changes.push_back(std::move(change));
  }
  // Kubelet is in no hurry with bytes that it has seen a moment ago, as in a rollback.
  v1::Gate gate = done.gate();
  gate.set_deadline_ms(std::max(gate.deadline_ms(), gate.rollback_deadline_ms()));
  return PrepareChanges(changes, gate, done.restart_service());
}

}  // namespace belay

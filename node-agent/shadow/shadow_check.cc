#include "node-agent/shadow/shadow_check.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/digest.h"
#include "common/base/status_macros.h"
#include "node-agent/health/server_process.h"
#include "node-agent/manifest/pod.h"
#include "node-agent/shadow/shadow_request.h"

namespace belay {
namespace {

constexpr const char* kApiServer = "kube-apiserver";
constexpr std::int64_t kRememberedNs = std::int64_t{120} * 1'000'000'000;

absl::StatusOr<ContainerFacts> ServerIn(std::string_view manifest) {
  ASSIGN_OR_RETURN(const PodFacts pod, ReadPod(manifest));
  for (const ContainerFacts& container : pod.containers) {
    if (container.name == kApiServer) return container;
  }
  return absl::FailedPreconditionError(absl::StrCat("its manifest has no container ", kApiServer));
}

absl::StatusOr<v1::ShadowProcess> ShadowOf(const Process& process) {
  v1::ShadowProcess out;
  out.set_pid(process.pid);
  out.set_started_boottime_ns(process.started_boottime_ns);
  if (!process.rights) {
    return absl::FailedPreconditionError(
        absl::StrCat("the rights of process ", process.pid, " could not be read"));
  }
  out.set_uid(process.rights->uid);
  out.set_gid(process.rights->gid);
  out.mutable_groups()->Assign(process.rights->groups.begin(), process.rights->groups.end());
  out.set_overrides(process.rights->overrides);
  return out;
}

}  // namespace

absl::StatusOr<std::string> ShadowCheck::Prove(const StepPlan& plan) {
  for (const v1::ComponentExpectation& component : plan.prepared.components()) {
    if (component.component() != kApiServer || component.has_service()) continue;
    const absl::StatusOr<Boots> boots = BootsFor(component, plan);
    if (!boots.ok()) return Settle(component, DecideShadow(boots.status(), std::nullopt));
    const std::string question = Sha256Hex(boots->candidate.SerializeAsString());
    const std::int64_t now_ns = world_.clock.BootNowNs();
    if (remembered_ && remembered_->question == question &&
        now_ns - remembered_->boottime_ns < kRememberedNs) {
      return remembered_->answer;
    }
    ASSIGN_OR_RETURN(const ShadowDecision decision, Decide(*boots));
    ASSIGN_OR_RETURN(std::string answer, Settle(component, decision));
    remembered_ = Remembered{question, answer, world_.clock.BootNowNs()};
    return answer;
  }
  return "";
}

absl::StatusOr<ShadowCheck::Boots> ShadowCheck::BootsFor(const v1::ComponentExpectation& component,
                                                         const StepPlan& plan) const {
  for (const v1::FileChange& change : plan.prepared.changes()) {
    const auto& trusted = settings_.trusted_files;
    if (std::find(trusted.begin(), trusted.end(), change.path()) == trusted.end()) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "the step changes ", change.path(), ", by which the server's answers are believed"));
  }
  const std::optional<Process> server = FindServer(component, world_.processes);
  if (!server) {
    return absl::FailedPreconditionError("no API server runs here that serves the old arguments");
  }
  const auto after_bytes = plan.after_bytes.find(component.manifest_path());
  if (after_bytes == plan.after_bytes.end()) {
    return absl::FailedPreconditionError("the step does not change its manifest");
  }
  ASSIGN_OR_RETURN(const FileContent manifest, world_.host.Read(component.manifest_path()));
  ASSIGN_OR_RETURN(const ContainerFacts before, ServerIn(manifest.bytes));
  ASSIGN_OR_RETURN(const ContainerFacts after, ServerIn(after_bytes->second));
  Boots boots;
  ASSIGN_OR_RETURN(boots.candidate, CandidateRequest(component, before, after, plan));
  ASSIGN_OR_RETURN(boots.baseline, BaselineRequest(component));
  ASSIGN_OR_RETURN(const v1::ShadowProcess process, ShadowOf(*server));
  ASSIGN_OR_RETURN(const v1::ShadowEtcd etcd, FindEtcd());
  for (v1::ShadowRequest* request : {&boots.candidate, &boots.baseline}) {
    *request->mutable_server() = process;
    *request->mutable_etcd() = etcd;
    request->set_timeout_ms(settings_.timeout_ms);
  }
  return boots;
}

absl::StatusOr<v1::ShadowEtcd> ShadowCheck::FindEtcd() const {
  v1::ShadowEtcd etcd;
  if (!settings_.etcd_program.empty()) {
    etcd.set_program(settings_.etcd_program);
    return etcd;
  }
  for (const Process& process : world_.processes.List("etcd")) {
    // Not a program that only names etcd's folder.
    if (process.argv.empty() || BaseName(process.argv.front()) != "etcd") continue;
    ASSIGN_OR_RETURN(*etcd.mutable_process(), ShadowOf(process));
    return etcd;
  }
  return absl::FailedPreconditionError(
      "no etcd runs on this node, and shadow_boot.etcd in agent.yaml names no program of it");
}

absl::StatusOr<ShadowDecision> ShadowCheck::Decide(const Boots& boots) {
  const ShadowAnswer candidate = world_.boot.Boot(boots.candidate);
  if (absl::IsCancelled(candidate.status())) return candidate.status();
  if (!NeedsBaseline(candidate)) return DecideShadow(candidate, std::nullopt);
  const ShadowAnswer baseline = world_.boot.Boot(boots.baseline);
  if (absl::IsCancelled(baseline.status())) return baseline.status();
  return DecideShadow(candidate, baseline);
}

absl::StatusOr<std::string> ShadowCheck::Settle(const v1::ComponentExpectation& component,
                                                const ShadowDecision& decision) const {
  switch (decision.kind) {
    case ShadowDecision::Kind::Passed:
      return decision.text;
    case ShadowDecision::Kind::Refuse:
      return absl::FailedPreconditionError(
          absl::StrCat(component.manifest_path(), ": ", decision.text));
    case ShadowDecision::Kind::NotDone:
      break;
  }
  if (!settings_.required) return absl::StrCat(decision.text, "; the gate alone decides");
  return absl::FailedPreconditionError(
      absl::StrCat(component.manifest_path(), ": ", decision.text,
                   ". agent.yaml of this node demands one (shadow_boot.required); nothing was "
                   "changed; make it possible, or set required to false"));
}

}  // namespace belay

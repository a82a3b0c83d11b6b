#include "node-agent/health/component_gatekeeper.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "node-agent/health/effective_config.h"
#include "node-agent/health/flag_check.h"
#include "node-agent/health/managed_files.h"

namespace belay {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1'000 * kMillisecond;
constexpr std::int64_t kProvableWithin = 10 * kSecond;
constexpr std::int64_t kExitSlice = 50 * kMillisecond;

// A plan may not turn the gate into a busy loop, nor let it look away.
std::int64_t IntervalNs(const v1::Gate& gate) {
  return std::clamp<std::int64_t>(gate.interval_ms(), 50, 2000) * kMillisecond;
}

GateSpec SpecOf(const GateRequest& request, const v1::ComponentExpectation& component,
                std::int64_t now_ns) {
  const v1::Gate& gate = request.prepared.gate();
  const bool forward = request.direction == GateDirection::Forward;
  GateSpec spec;
  spec.adoption = {request.direction, component, request.applied_boottime_ns,
                   request.restored_boottime_ns};
  spec.opened_boottime_ns = now_ns;
  spec.deadline_ns = (forward ? gate.deadline_ms() : gate.rollback_deadline_ms()) * kMillisecond;
  spec.stable_ns = gate.stable_ms() * kMillisecond;
  spec.interval_ns = IntervalNs(gate);
  spec.down_since_boottime_ns = request.down_since_boottime_ns;
  return spec;
}

// Those with the expected arguments, old and new alike.
std::vector<std::int64_t> Running(const v1::ComponentExpectation& component,
                                  GateDirection direction, const std::vector<Process>& processes) {
  const AdoptionRule rule{direction, component};
  std::vector<std::int64_t> pids;
  for (const Process& process : processes) {
    if (rule.Expected(process)) pids.push_back(process.pid);
  }
  return pids;
}

GateResult Failed(std::string reason) {
  GateResult result;
  result.kind = GateResult::Kind::Failed;
  result.reason = std::move(reason);
  return result;
}

}  // namespace

Observation ComponentGatekeeper::Look(const v1::ComponentExpectation& component,
                                      GateDirection direction, Asker* asker,
                                      NodeAsker* node) const {
  const bool forward = direction == GateDirection::Forward;
  const v1::HealthEndpoint& endpoint =
      forward ? component.health_after() : component.health_before();
  Observation seen;
  seen.processes = world_.processes.List(component.component());
  seen.listeners = Listeners(seen.processes, endpoint);
  Asker::Reply reply = asker->Ask(world_.probe, endpoint, world_.clock.BootNowNs());
  seen.probe = std::move(reply.probe);
  seen.objection = std::move(reply.objection);
  if (component.has_service()) {
    const v1::Service& service = component.service();
    seen.objection = LostPods(world_.processes, service.kept_pods());
    // Asked at every look: what the lease said before the new process came is needed.
    const std::string of_node =
        node->Objection(world_.probe, service, Running(component, direction, seen.processes),
                        world_.clock.BootNowNs());
    if (seen.objection.empty()) seen.objection = of_node;
  }
  if (seen.probe.kind == ProbeResult::Kind::Answered && seen.probe.status == 200) {
    seen.kubelet = AskAsKubelet(world_.probe, forward ? component.kubelet_probes_after()
                                                      : component.kubelet_probes_before());
    if (seen.objection.empty()) {
      seen.objection = AskCompanions(world_.probe, component.companions());
    }
  }
  // Whoever owns the port before and after the answer is the one that has given it.
  if (seen.listeners != Listeners(seen.processes, endpoint)) seen.listeners.clear();
  seen.runs = RunsOf(world_.files, world_.pod_logs, component.pod(), component.container());
  seen.boottime_ns = world_.clock.BootNowNs();
  return seen;
}

std::vector<std::int64_t> ComponentGatekeeper::Listeners(const std::vector<Process>& processes,
                                                         const v1::HealthEndpoint& endpoint) const {
  std::vector<std::int64_t> owners;
  for (const Process& process : processes) {
    if (world_.processes.OwnsListener(process.pid, endpoint.dial_address(), endpoint.port())) {
      owners.push_back(process.pid);
    }
  }
  return owners;
}

ComponentGatekeeper::Ended ComponentGatekeeper::CheckFiles(const GateRequest& request, bool last,
                                                           v1::StepReport* report) const {
  const ManagedFiles found = CheckManagedFiles(world_.files, request.prepared, request.direction);
  switch (found.kind) {
    case ManagedFiles::Kind::AsExpected:
      break;
    case ManagedFiles::Kind::OtherImage:
      if (request.direction == GateDirection::Forward) return Failed(found.reason);
      // Somebody has made the edit again while it was taken back: theirs to decide.
      [[fallthrough]];
    case ManagedFiles::Kind::Foreign: {
      GateResult result;
      result.kind = GateResult::Kind::Foreign;
      result.path = found.path;
      result.reason = found.reason;
      return result;
    }
    case ManagedFiles::Kind::Unreadable:
      if (last) return Failed(absl::StrCat("the result cannot be verified: ", found.reason));
      break;
  }
  for (const v1::ComponentExpectation& component : request.prepared.components()) {
    if (component.has_service()) continue;  // not started from the static-pod directory
    const absl::Status alone = refuse_strays_(component.manifest_path());
    if (alone.ok()) continue;
    const std::string reason(alone.message());
    if (request.direction == GateDirection::Forward) return Failed(reason);
    // A rollback is proved by what runs; a stray file is then for the operator to remove.
    if (last) report->add_notes(reason);
  }
  return std::nullopt;
}

ComponentGatekeeper::Ended ComponentGatekeeper::Sample(const GateRequest& request,
                                                       std::vector<Watched>* watched) const {
  bool all_passed = true;
  std::vector<Process> followed;
  for (std::size_t i = 0; i < watched->size(); ++i) {
    Gate& gate = (*watched)[i].gate;
    if (gate.verdict() != GateVerdict::Pending) continue;
    const auto& component = request.prepared.components(static_cast<int>(i));
    const Observation seen =
        Look(component, request.direction, &(*watched)[i].asker, &(*watched)[i].node);
    followed.insert(followed.end(), seen.processes.begin(), seen.processes.end());
    switch (gate.Observe(seen)) {
      case GateVerdict::Pending:
        all_passed = false;
        break;
      case GateVerdict::Passed:
        break;
      case GateVerdict::Failed: {
        GateResult result = Failed(gate.reason());
        const std::string words =
            gate.newest_log().empty() ? std::string() : LastWords(world_.files, gate.newest_log());
        if (!words.empty()) {
          result.report.add_notes(
              absl::StrCat("last words of ", component.component(), ": ", words));
        }
        return result;
      }
    }
  }
  world_.exits.Follow(followed);
  if (!all_passed) return std::nullopt;
  GateResult result;
  result.kind = GateResult::Kind::Passed;
  return result;
}

GateResult ComponentGatekeeper::Finish(const GateRequest& request, GateResult result,
                                       const std::vector<Watched>& watched) const {
  if (result.kind == GateResult::Kind::Passed) {
    if (Ended ended = CheckFiles(request, true, &result.report)) {
      ended->report = std::move(result.report);
      result = *std::move(ended);
    }
  }
  result.report.set_changed(true);
  for (std::size_t i = 0; i < watched.size(); ++i) {
    const Gate& gate = watched[i].gate;
    gate.Report(&result.report);
    if (!gate.adopted()) continue;
    for (const v1::FlagVerification& flag :
         VerifyAdopted(request.prepared.components(static_cast<int>(i)), request.direction,
                       gate.adopted()->argv, &result.report)) {
      *result.report.add_flags() = flag;
      if (flag.ok() || result.kind != GateResult::Kind::Passed) continue;
      result.kind = GateResult::Kind::Failed;
      const bool service = request.prepared.components(static_cast<int>(i)).has_service();
      result.reason =
          absl::StrCat("the running ", flag.component(), " has ", service ? "" : "--", flag.flag(),
                       "=", flag.running(), " where ", flag.expected(), " was expected");
    }
  }
  return result;
}

std::vector<v1::FlagVerification> ComponentGatekeeper::VerifyAdopted(
    const v1::ComponentExpectation& component, GateDirection direction,
    const std::vector<std::string>& argv, v1::StepReport* report) const {
  if (!component.has_service()) return VerifyTouchedFlags(component, direction, argv);
  // What an old file was worth is nothing that a rollback could mend.
  if (direction == GateDirection::Backward || component.touched_flags().empty()) return {};
  ProbeTarget target = TargetOf(component.service().api_server());
  target.path = absl::StrCat("/api/v1/nodes/", component.service().node(), "/proxy/configz");
  target.keep_body = true;
  const ProbeResult answer = world_.probe.Ask(target);
  std::vector<v1::FlagVerification> results =
      VerifyConfigKeys(component.touched_flags(), answer.body);
  if (results.empty()) {
    report->add_notes(
        absl::StrCat("what kubelet runs with could not be read (configz: ", AnswerText(answer),
                     "), so that nobody has seen whether the keys have an effect"));
  }
  return results;
}

bool ComponentGatekeeper::Wait(std::int64_t ns) const {
  while (ns > 0 && !world_.exits.AnyEnded()) {
    const std::int64_t slice = std::min(ns, kExitSlice);
    if (world_.pause.For(slice)) return true;
    ns -= slice;
  }
  // Something ends all the time: the machine must not be busy with looking.
  return ns > 0 && world_.pause.For(kExitSlice);
}

GateResult ComponentGatekeeper::Run(const GateRequest& request,
                                    const std::function<void(const std::string&)>& progress) {
  std::vector<Watched> watched;
  for (const v1::ComponentExpectation& component : request.prepared.components()) {
    watched.push_back({Gate(SpecOf(request, component, world_.clock.BootNowNs()))});
  }
  std::int64_t next_file_check = 0;
  std::string shown;
  std::int64_t shown_at = 0;
  for (;;) {
    v1::StepReport unused;
    if (world_.clock.BootNowNs() >= next_file_check) {
      if (Ended ended = CheckFiles(request, false, &unused)) {
        return Finish(request, *std::move(ended), watched);
      }
      next_file_check = world_.clock.BootNowNs() + kSecond;
    }
    if (Ended ended = Sample(request, &watched)) return Finish(request, *std::move(ended), watched);
    const std::int64_t now = world_.clock.BootNowNs();
    for (const Watched& each : watched) {
      const Gate& gate = each.gate;
      if (gate.verdict() != GateVerdict::Pending) continue;
      if (gate.Waiting() == shown && now - shown_at < kSecond) continue;
      shown = gate.Waiting();
      shown_at = now;
      progress(shown);
    }
    if (Wait(IntervalNs(request.prepared.gate()))) {
      GateResult result;
      result.kind = GateResult::Kind::Interrupted;
      result.reason = "the agent is stopping";
      return Finish(request, std::move(result), watched);
    }
  }
}

absl::Status ComponentGatekeeper::RequireProvable(const v1::Prepared& prepared) const {
  for (const v1::ComponentExpectation& component : prepared.components()) {
    GateSpec spec;
    const std::int64_t now = world_.clock.BootNowNs();
    spec.adoption = {GateDirection::Backward, component, now, now};
    spec.opened_boottime_ns = now;
    spec.deadline_ns = kProvableWithin;
    Gate gate(spec);
    Asker asker;
    NodeAsker node(KubeletWatch::Proof::ReadyNow);
    while (gate.Observe(Look(component, GateDirection::Backward, &asker, &node)) ==
           GateVerdict::Pending) {
      if (world_.pause.For(kSecond / 2)) return absl::CancelledError("the agent is stopping");
    }
    if (gate.verdict() == GateVerdict::Passed) continue;
    return absl::UnavailableError(
        absl::StrCat(component.component(),
                     " is not provably healthy before the step, so neither could a "
                     "rollback be proved: ",
                     gate.reason(),
                     "; nothing was changed. See to it, then start the "
                     "rollout again"));
  }
  return absl::OkStatus();
}

}  // namespace belay

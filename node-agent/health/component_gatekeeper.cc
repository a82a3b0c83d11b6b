#include "node-agent/health/component_gatekeeper.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "node-agent/health/flag_check.h"
#include "node-agent/health/managed_files.h"

namespace belay {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1'000 * kMillisecond;

// A plan may not turn the gate into a busy loop, nor let it look away.
std::int64_t IntervalNs(const v1::Gate& gate) {
  return std::clamp<std::int64_t>(gate.interval_ms(), 50, 2000) * kMillisecond;
}

GateSpec SpecOf(const GateRequest& request, const v1::ComponentExpectation& component,
                std::int64_t now_ns) {
  const v1::Gate& gate = request.prepared.gate();
  const bool forward = request.direction == GateDirection::Forward;
  GateSpec spec;
  spec.direction = request.direction;
  spec.component = component;
  spec.applied_boottime_ns = request.applied_boottime_ns;
  spec.restored_boottime_ns = request.restored_boottime_ns;
  spec.opened_boottime_ns = now_ns;
  spec.deadline_ns = (forward ? gate.deadline_ms() : gate.rollback_deadline_ms()) * kMillisecond;
  spec.stable_ns = gate.stable_ms() * kMillisecond;
  spec.interval_ns = IntervalNs(gate);
  return spec;
}

GateResult Failed(std::string reason) {
  GateResult result;
  result.kind = GateResult::Kind::Failed;
  result.reason = std::move(reason);
  return result;
}

}  // namespace

Observation ComponentGatekeeper::Look(const v1::ComponentExpectation& component,
                                      GateDirection direction) const {
  const v1::HealthEndpoint& endpoint =
      direction == GateDirection::Forward ? component.health_after() : component.health_before();
  Observation seen;
  // Processes first: what answers then is what listens now, or something newer.
  seen.processes = world_.processes.List(component.component());
  for (const Process& process : seen.processes) {
    if (world_.processes.OwnsListener(process.pid, endpoint.port())) {
      seen.listeners.push_back(process.pid);
    }
  }
  ProbeTarget target;
  target.dial_address = endpoint.dial_address();
  target.port = endpoint.port();
  target.path = "/readyz";
  target.anonymous = endpoint.anonymous();
  seen.probe = world_.probe.Ask(target);
  seen.boottime_ns = world_.clock.BootNowNs();
  return seen;
}

ComponentGatekeeper::Ended ComponentGatekeeper::CheckFiles(const GateRequest& request, bool last,
                                                           v1::StepReport* report) const {
  const ManagedFiles found = CheckManagedFiles(world_.files, request.prepared, request.direction);
  switch (found.kind) {
    case ManagedFiles::Kind::AsExpected:
      break;
    case ManagedFiles::Kind::OtherImage:
      return Failed(found.reason);
    case ManagedFiles::Kind::Unreadable:
      if (last) return Failed(absl::StrCat("the result cannot be verified: ", found.reason));
      break;
    case ManagedFiles::Kind::Foreign: {
      GateResult result;
      result.kind = GateResult::Kind::Foreign;
      result.path = found.path;
      result.reason = found.reason;
      return result;
    }
  }
  for (const v1::ComponentExpectation& component : request.prepared.components()) {
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
                                                       std::vector<Gate>* gates) const {
  bool all_passed = true;
  for (std::size_t i = 0; i < gates->size(); ++i) {
    Gate& gate = (*gates)[i];
    if (gate.verdict() != GateVerdict::Pending) continue;
    const auto& component = request.prepared.components(static_cast<int>(i));
    switch (gate.Observe(Look(component, request.direction))) {
      case GateVerdict::Pending:
        all_passed = false;
        break;
      case GateVerdict::Passed:
        break;
      case GateVerdict::Failed:
        return Failed(gate.reason());
    }
  }
  if (!all_passed) return std::nullopt;
  GateResult result;
  result.kind = GateResult::Kind::Passed;
  return result;
}

GateResult ComponentGatekeeper::Finish(const GateRequest& request, GateResult result,
                                       const std::vector<Gate>& gates) const {
  if (result.kind == GateResult::Kind::Passed) {
    if (Ended ended = CheckFiles(request, true, &result.report)) {
      ended->report = std::move(result.report);
      result = *std::move(ended);
    }
  }
  result.report.set_changed(true);
  for (std::size_t i = 0; i < gates.size(); ++i) {
    gates[i].Report(&result.report);
    if (!gates[i].adopted()) continue;
    for (const v1::FlagVerification& flag :
         VerifyTouchedFlags(request.prepared.components(static_cast<int>(i)), request.direction,
                            gates[i].adopted()->argv)) {
      *result.report.add_flags() = flag;
      if (flag.ok() || result.kind != GateResult::Kind::Passed) continue;
      result.kind = GateResult::Kind::Failed;
      result.reason = absl::StrCat("the running ", flag.component(), " has --", flag.flag(), "=",
                                   flag.running(), " where ", flag.expected(), " was expected");
    }
  }
  return result;
}

GateResult ComponentGatekeeper::Run(const GateRequest& request,
                                    const std::function<void(const std::string&)>& progress) {
  std::vector<Gate> gates;
  for (const v1::ComponentExpectation& component : request.prepared.components()) {
    gates.emplace_back(SpecOf(request, component, world_.clock.BootNowNs()));
  }
  std::int64_t next_file_check = 0;
  std::string shown;
  std::int64_t shown_at = 0;
  for (;;) {
    v1::StepReport unused;
    if (world_.clock.BootNowNs() >= next_file_check) {
      if (Ended ended = CheckFiles(request, false, &unused)) {
        return Finish(request, *std::move(ended), gates);
      }
      next_file_check = world_.clock.BootNowNs() + kSecond;
    }
    if (Ended ended = Sample(request, &gates)) return Finish(request, *std::move(ended), gates);
    const std::int64_t now = world_.clock.BootNowNs();
    for (const Gate& gate : gates) {
      if (gate.verdict() != GateVerdict::Pending) continue;
      if (gate.Waiting() == shown && now - shown_at < kSecond) continue;
      shown = gate.Waiting();
      shown_at = now;
      progress(shown);
    }
    if (world_.pause.For(IntervalNs(request.prepared.gate()))) {
      GateResult result;
      result.kind = GateResult::Kind::Interrupted;
      result.reason = "the agent is stopping";
      return Finish(request, std::move(result), gates);
    }
  }
}

}  // namespace belay

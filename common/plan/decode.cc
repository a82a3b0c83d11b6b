#include "common/plan/decode.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/plan/decode_edit.h"
#include "common/plan/fields.h"
#include "common/plan/gated.h"
#include "common/plan/retry.h"

namespace belay {
namespace {

constexpr std::uint32_t kDeadlineMs = 60'000;
constexpr std::uint32_t kStableMs = 25'000;
constexpr std::uint32_t kIntervalMs = 200;
constexpr std::uint32_t kRollbackDeadlineMs = 180'000;

using Kind = YamlNode::Kind;

Place KeyPlace(const YamlEntry& entry) { return {entry.line, entry.column}; }

void ReadGate(Fields& step_fields, v1::Step& step, DecodedPlan& out) {
  std::uint32_t deadline_ms = kDeadlineMs;
  std::uint32_t stable_ms = kStableMs;
  std::uint32_t interval_ms = kIntervalMs;
  std::uint32_t rollback_deadline_ms = kRollbackDeadlineMs;
  bool own_probes = false;
  v1::Gate& gate = *step.mutable_gate();
  if (const YamlEntry* entry = step_fields.Child("gate", Kind::Map, "a map")) {
    Fields fields(entry->value, step_fields.PathOf("gate"), KeyPlace(*entry),
                  {"deadline", "stable", "interval", "rollbackDeadline", "probes"}, out);
    fields.Duration("deadline", deadline_ms);
    fields.Duration("stable", stable_ms);
    fields.Duration("interval", interval_ms);
    fields.Duration("rollbackDeadline", rollback_deadline_ms);
    own_probes = fields.Find("probes") != nullptr;
    fields.TextList("probes", *gate.mutable_probes());
  }
  gate.set_deadline_ms(deadline_ms);
  gate.set_stable_ms(stable_ms);
  gate.set_interval_ms(interval_ms);
  gate.set_rollback_deadline_ms(rollback_deadline_ms);
  if (own_probes) return;
  for (std::string& probe : DefaultProbes(step)) gate.add_probes(std::move(probe));
}

void ReadStep(const YamlNode& node, const std::string& path, v1::Step& step, DecodedPlan& out) {
  Fields fields(node, path, {node.line, node.column}, {"name", "controls", "edits", "gate"}, out);
  if (!fields.is_map()) return;
  fields.Require("name");
  fields.Text("name", *step.mutable_name());
  fields.TextList("controls", *step.mutable_controls());
  fields.Require("edits");
  if (const YamlEntry* edits = fields.Child("edits", Kind::Sequence, "a list of edits")) {
    int index = 0;
    for (const YamlNode& item : edits->value.items) {
      DecodeEdit(item, absl::StrCat(fields.PathOf("edits"), "[", index++, "]"), EditScope::Plan,
                 *step.add_edits(), out);
    }
  }
  ReadGate(fields, step, out);
}

void ReadRetry(Fields& spec, DecodedPlan& out) {
  const YamlEntry* const entry = spec.Child("retry", Kind::Map, "a map");
  if (entry == nullptr) return;
  Fields fields(entry->value, spec.PathOf("retry"), KeyPlace(*entry),
                {"attempts", "backoff", "maxBackoff"}, out);
  std::uint32_t attempts = 0;
  std::uint32_t backoff_ms = kRetryBackoffMs;
  fields.Require("attempts");
  fields.Count("attempts", attempts);
  fields.Duration("backoff", backoff_ms);
  std::uint32_t max_backoff_ms = std::max(kRetryMaxBackoffMs, backoff_ms);
  fields.Duration("maxBackoff", max_backoff_ms);
  out.plan.mutable_retry()->set_attempts(attempts);
  out.plan.mutable_retry()->set_backoff_ms(backoff_ms);
  out.plan.mutable_retry()->set_max_backoff_ms(max_backoff_ms);
}

void ReadTargets(Fields& spec, DecodedPlan& out) {
  const YamlEntry* const entry = spec.Child("targets", Kind::Map, "a map");
  if (entry == nullptr) return;
  Fields fields(entry->value, spec.PathOf("targets"), KeyPlace(*entry), {"clusters", "nodes"}, out);
  fields.TextList("clusters", *out.plan.mutable_targets()->mutable_clusters());
  fields.TextList("nodes", *out.plan.mutable_targets()->mutable_nodes());
}

std::uint32_t ReadSteps(Fields& fields, DecodedPlan& out) {
  fields.Require("steps");
  const YamlEntry* const steps = fields.Child("steps", Kind::Sequence, "a list of steps");
  if (steps == nullptr) return 0;
  int index = 0;
  for (const YamlNode& item : steps->value.items) {
    ReadStep(item, absl::StrCat(fields.PathOf("steps"), "[", index++, "]"), *out.plan.add_steps(),
             out);
  }
  return static_cast<std::uint32_t>(index);
}

void ReadPhase(const YamlNode& node, const std::string& path, DecodedPlan& out) {
  Fields fields(node, path, {node.line, node.column}, {"name", "steps"}, out);
  v1::PlanPhase& phase = *out.plan.add_phases();
  if (!fields.is_map()) return;
  fields.Require("name");
  fields.Text("name", *phase.mutable_name());
  phase.set_steps(ReadSteps(fields, out));
}

void ReadSpec(const YamlEntry& entry, DecodedPlan& out) {
  Fields fields(entry.value, "spec", KeyPlace(entry),
                {"notBefore", "notAfter", "targets", "steps", "phases", "retry"}, out);
  std::int64_t time = 0;
  if (fields.Time("notBefore", time)) out.plan.set_not_before_unix(time);
  if (fields.Time("notAfter", time)) out.plan.set_not_after_unix(time);
  ReadTargets(fields, out);
  ReadRetry(fields, out);
  const YamlEntry* const phases = fields.Find("phases");
  if (phases == nullptr) {
    ReadSteps(fields, out);
    return;
  }
  if (fields.Find("steps") != nullptr) {
    out.broken.insert("spec.steps");
    fields.Break(*phases, "a plan has either 'steps' or 'phases', which hold the steps then");
    return;
  }
  if (fields.Child("phases", Kind::Sequence, "a list of phases") == nullptr) return;
  int index = 0;
  for (const YamlNode& item : phases->value.items) {
    ReadPhase(item, absl::StrCat("spec.phases[", index++, "]"), out);
  }
}

}  // namespace

DecodedPlan DecodePlan(const YamlNode& root) {
  DecodedPlan out;
  Fields fields(root, "", {root.line, root.column}, {"apiVersion", "kind", "metadata", "spec"},
                out);
  if (!fields.is_map()) {
    out.broken.insert({"metadata", "spec"});
    return out;
  }
  fields.RequireExactly("apiVersion", "belay.dev/v1");
  fields.RequireExactly("kind", "RemediationPlan");
  fields.Require("metadata");
  if (const YamlEntry* entry = fields.Find("metadata")) {
    Fields metadata(entry->value, "metadata", KeyPlace(*entry), {"name", "description"}, out);
    metadata.Require("name");
    metadata.Text("name", *out.plan.mutable_name());
    metadata.Text("description", *out.plan.mutable_description());
  }
  fields.Require("spec");
  if (const YamlEntry* entry = fields.Find("spec")) ReadSpec(*entry, out);
  return out;
}

}  // namespace belay

#include "cli/render/plan.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/render/json.h"
#include "cli/render/words.h"
#include "common/base/safe_text.h"
#include "common/base/time_text.h"
#include "common/plan/phases.h"
#include "common/plan/retry.h"
#include "common/plan/targets.h"

namespace belay {
namespace {

std::string Milliseconds(std::uint32_t ms) {
  return ms % 1000 == 0 ? absl::StrCat(ms / 1000, "s") : absl::StrCat(ms, "ms");
}

std::string Time(std::int64_t unix_seconds) {
  return unix_seconds == 0 ? "(set by plan sign)" : FormatUnixSeconds(unix_seconds);
}

}  // namespace

std::string RenderPlan(const v1::RemediationPlan& plan, const PlanSignatures& signatures) {
  std::string text = absl::StrCat("plan        ", SafeLine(plan.name()), "\n");
  if (!plan.description().empty()) {
    absl::StrAppend(&text, "            ", SafeLine(plan.description()), "\n");
  }
  absl::StrAppend(&text, "digest      ",
                  signatures.digest.empty() ? "(not signed yet)" : signatures.digest, "\n");
  for (const std::string& key : signatures.key_ids) {
    absl::StrAppend(&text, "signed by   ", SafeLine(key), " (not verified here)\n");
  }
  absl::StrAppend(&text, "valid       ", Time(plan.not_before_unix()), " to ",
                  Time(plan.not_after_unix()), "\n");
  if (const std::string targets = DescribeTargets(plan); !targets.empty()) {
    absl::StrAppend(&text, "only for    ", SafeLine(targets), "\n");
  }
  if (const std::string retry = DescribeRetry(plan); !retry.empty()) {
    absl::StrAppend(&text, "retry       ", retry, "\n");
  }
  std::uint32_t phase = 0;
  for (int i = 0; i < plan.steps_size(); ++i) {
    const v1::Step& step = plan.steps(i);
    if (const std::uint32_t of = PhaseOfStep(plan, i); of != phase) {
      absl::StrAppend(&text, "\n", SafeLine(DescribePhase(plan, of)),
                      phase == 0 ? "" : ": when every node has committed the one before", "\n");
      phase = of;
    }
    absl::StrAppend(&text, "\nstep ", SafeLine(step.name()), "\n");
    if (!step.controls().empty()) {
      absl::StrAppend(&text, "  controls  ", SafeLine(absl::StrJoin(step.controls(), ", ")), "\n");
    }
    for (const v1::Edit& edit : step.edits()) {
      absl::StrAppend(&text, "  edit      ", SafeLine(Describe(edit)), "\n");
    }
    const v1::Gate& gate = step.gate();
    if (gate.probes().empty()) {
      absl::StrAppend(&text, "  gate      none: no component is restarted\n");
    } else {
      absl::StrAppend(&text, "  gate      ", SafeLine(absl::StrJoin(gate.probes(), ", ")),
                      " within ", Milliseconds(gate.deadline_ms()), ", then healthy for ",
                      Milliseconds(gate.stable_ms()), "; asked every ",
                      Milliseconds(gate.interval_ms()), "; rollback within ",
                      Milliseconds(gate.rollback_deadline_ms()), "\n");
    }
  }
  return text;
}

std::string PlanJson(const v1::RemediationPlan& plan, const PlanSignatures& signatures) {
  std::vector<std::string> keys;
  google::protobuf::Value text;  // does the quoting
  const auto quoted = [&text](const std::string& value) {
    text.set_string_value(value);
    std::string json = ToJsonLine(text);
    json.pop_back();
    return json;
  };
  for (const std::string& key : signatures.key_ids) keys.push_back(quoted(key));
  return absl::StrCat("{\n \"digest\": ", quoted(signatures.digest), ",\n \"keyIds\": [",
                      absl::StrJoin(keys, ", "), "],\n \"plan\": ", ToJson(plan), "}\n");
}

std::string RenderMistakes(const std::string& file, const std::vector<Mistake>& mistakes,
                           bool warnings) {
  std::string text;
  for (const Mistake& mistake : mistakes) {
    absl::StrAppend(&text, SafeLine(file), ":", mistake.line, ":", mistake.column, ": ",
                    warnings ? "warning: " : "", SafeLine(mistake.message), "\n");
  }
  return text;
}

}  // namespace belay

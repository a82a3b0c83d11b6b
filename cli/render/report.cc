#include "cli/render/report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/render/rollouts.h"
#include "cli/render/words.h"
#include "common/base/safe_text.h"
#include "common/base/time_text.h"

namespace belay {
namespace {

class Report {
 public:
  std::string text;

  void Line(int indent, const std::string& line) {
    absl::StrAppend(&text, std::string(static_cast<std::size_t>(indent), ' '), SafeLine(line),
                    "\n");
  }
  // A label of a fixed width and what it says.
  void Item(const std::string& label, const std::string& value) {
    Line(4, absl::StrFormat("%-11s %s", label, value));
  }

  void Changes(const v1::StepOutcome& step) {
    for (const v1::FileChange& change : step.changes()) {
      Item(change.before().exists() ? "changed" : "created", change.path());
      if (!change.backup_path().empty()) Item("backup", change.backup_path());
      for (absl::string_view line : absl::StrSplit(change.diff(), '\n')) {
        if (!line.empty()) Line(6, std::string(line));
      }
    }
  }

  void Gate(const v1::StepReport& report, const char* since) {
    if (!report.changed()) {
      Item("gate", "nothing was written: already as the plan wants it");
    }
    if (report.has_outage()) {
      Item("outage",
           report.outage().measured()
               ? absl::StrFormat("%s (sampled every %s)", Seconds(report.outage().seconds()),
                                 Seconds(report.outage().resolution_seconds()))
               : "not measured");
    }
    if (report.gate_seconds() > 0) {
      Item("gate", absl::StrFormat("%s from %s to verdict: %s the component's own start, %s "
                                   "watched",
                                   Seconds(report.gate_seconds()), since,
                                   Seconds(report.component_start_seconds()),
                                   Seconds(report.stable_seconds())));
    }
    for (const v1::Adoption& adoption : report.adoptions()) {
      Item("adoption",
           absl::StrFormat("%s pid %d started %s after %s, %s, %s", adoption.component(),
                           adoption.pid(), Seconds(adoption.started_after_seconds()), since,
                           adoption.arguments_match() ? "has the arguments" : "HAS OTHER ARGUMENTS",
                           adoption.owns_listener() ? "owns the port" : "DOES NOT OWN THE PORT"));
    }
    for (const v1::SampleRun& run : report.samples()) {
      Item("samples",
           absl::StrFormat("%6.1f to %6.1f s %5dx %-9s %s", run.from_seconds(), run.to_seconds(),
                           run.count(), run.healthy() ? "healthy" : "unhealthy", run.what()));
    }
    for (const v1::FlagVerification& flag : report.flags()) {
      Item("flag",
           absl::StrFormat("%s --%s of %s: wanted '%s', running '%s'", flag.ok() ? "ok " : "BAD",
                           flag.flag(), flag.component(), flag.expected(), flag.running()));
    }
    for (const std::string& note : report.notes()) Item("note", note);
  }

  void Step(const v1::StepOutcome& step) {
    const std::string phase =
        step.phase().empty() ? "" : absl::StrCat(" of phase \"", step.phase(), "\"");
    Line(2, absl::StrCat("step ", step.name(), phase, ": ", Word(step.verdict()),
                         step.reason().empty() ? "" : ": ", step.reason()));
    if (!step.controls().empty()) Item("controls", absl::StrJoin(step.controls(), ", "));
    if (step.prepared_unix_ms() != 0) {
      Item("time",
           absl::StrCat(FormatUnixMillis(step.prepared_unix_ms()),
                        step.finished_unix_ms() == 0
                            ? ""
                            : absl::StrCat(" to ", FormatUnixMillis(step.finished_unix_ms()))));
    }
    Changes(step);
    if (step.has_report()) Gate(step.report(), "publishing");
    if (step.has_rollback_report()) {
      Line(4, "-- rolled back --");
      Gate(step.rollback_report(), "restoring");
    }
    for (const std::string& command : step.manual_commands()) Item("by hand", command);
  }
};

}  // namespace

std::string RenderReport(const v1::RolloutReport& report) {
  Report out;
  const v1::Rollout& rollout = report.rollout();
  out.Line(0, absl::StrCat("rollout  ", rollout.id()));
  out.Line(0, absl::StrCat("plan     ", rollout.plan_name(), " (",
                           ShortDigest(rollout.plan_digest()), ")"));
  out.Line(0, absl::StrCat("cluster  ", rollout.cluster()));
  out.Line(0, absl::StrCat("started  ", FormatUnixMillis(rollout.started_unix_ms()), " by ",
                           rollout.started_by()));
  if (rollout.finished_unix_ms() != 0) {
    out.Line(0, absl::StrCat("finished ", FormatUnixMillis(rollout.finished_unix_ms())));
  }
  out.Line(0, absl::StrCat("state    ", OutcomeLine(rollout)));
  for (const v1::NodeReport& node : report.nodes()) {
    out.text += "\n";
    out.Line(0, absl::StrCat("node ", node.node(), ": ", Word(node.phase()),
                             node.reason().empty() ? "" : ": ", node.reason()));
    for (const v1::StepOutcome& step : node.steps()) out.Step(step);
  }
  return std::move(out.text);
}

}  // namespace belay

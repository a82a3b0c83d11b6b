#include "node-agent/audit/render_audit.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/safe_text.h"
#include "common/base/time_text.h"

namespace belay {
namespace {

std::string Padded(const std::string& text, std::size_t width) {
  const std::size_t columns = Columns(text);
  return columns >= width ? text : text + std::string(width - columns, ' ');
}

struct Widths {
  std::size_t control = 7;
  std::size_t component = 9;
};

std::string Line(const v1::ControlResult& result, const Widths& widths) {
  const std::string kind = result.automated() ? "" : " (manual control)";
  std::string line = absl::StrCat(Padded(SafeLine(result.control()), widths.control), "  ",
                                  Padded(OutcomeWord(result.outcome()), 14), "  ",
                                  Padded(SafeLine(result.component()), widths.component), "  ",
                                  SafeLine(result.title()), kind, "\n");
  const std::string indent(widths.control + 2, ' ');
  if (!result.reason().empty()) absl::StrAppend(&line, indent, SafeLine(result.reason()), "\n");
  if (result.differs_from_running()) {
    absl::StrAppend(&line, indent, "the manifest and the running process say different things\n");
  }
  return line;
}

std::string EvidenceLines(const v1::ControlResult& result, const Widths& widths) {
  std::string text;
  for (const v1::Evidence& evidence : result.evidence()) {
    absl::StrAppend(&text, std::string(widths.control + 4, ' '), OutcomeWord(evidence.outcome()),
                    ": ", SafeLine(evidence.where()), ": ", SafeLine(evidence.found()),
                    "; expected ", SafeLine(evidence.expected()), "\n");
  }
  return text;
}

}  // namespace

const char* OutcomeWord(v1::AuditOutcome outcome) {
  switch (outcome) {
    case v1::PASS:
      return "pass";
    case v1::FAIL:
      return "FAIL";
    case v1::MANUAL:
      return "manual";
    case v1::NOT_APPLICABLE:
      return "not applicable";
    case v1::WAIVED:
      return "waived";
    default:
      return "ERROR";
  }
}

std::string RenderAudit(const v1::AuditReport& report, bool wide) {
  Widths widths;
  for (const v1::ControlResult& result : report.results()) {
    widths.control = std::max(widths.control, Columns(result.control()));
    widths.component = std::max(widths.component, Columns(result.component()));
  }
  std::string text;
  for (const v1::ControlResult& result : report.results()) {
    absl::StrAppend(&text, Line(result, widths));
    if (wide) absl::StrAppend(&text, EvidenceLines(result, widths));
  }
  const v1::AuditSummary& summary = report.summary();
  absl::StrAppend(&text, "\n", SafeLine(report.benchmark()), ", Kubernetes ",
                  report.kubernetes_version().empty() ? "unknown" : report.kubernetes_version(),
                  ", node ", SafeLine(report.node()), ", ",
                  FormatUnixMillis(report.taken_unix_ms()), "\n");
  for (const std::string& note : report.notes()) {
    absl::StrAppend(&text, "note: ", SafeLine(note), "\n");
  }
  absl::StrAppend(&text, "automated: ", summary.automated_pass(), " pass, ",
                  summary.automated_fail(), " fail; manual controls: ", summary.other_pass(),
                  " pass, ", summary.other_fail(), " fail, ", summary.manual(), " to look at; ",
                  summary.not_applicable(), " not applicable, ", summary.error(), " error, ",
                  summary.waived(), " waived\n");
  if (summary.has_score()) {
    absl::StrAppend(&text, absl::StrFormat("score: %.1f%%", summary.score_percent()), " = ",
                    summary.formula(), "\n");
  } else {
    absl::StrAppend(&text, "score: none, nothing was judged (", summary.formula(), ")\n");
  }
  return text;
}

std::string AuditJson(const v1::AuditReport& report) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(report, &json, options).ok()) return "";
  return json;
}

}  // namespace belay

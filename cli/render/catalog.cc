#include "cli/render/catalog.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/render/table.h"
#include "common/base/safe_text.h"
#include "common/catalog/describe_check.h"
#include "common/plan/compile.h"

namespace belay {
namespace {

const char* FixWord(const Remediation& fix) {
  if (!fix.edits.empty()) return "edits";
  return fix.files_as_checked ? "files" : "by hand";
}

std::string Indented(const std::string& text) {
  return absl::StrReplaceAll(text, {{"\n", "\n           "}});
}

std::string VersionsText(const VersionRange& range) {
  if (!range.from && !range.until) return "every version";
  return absl::StrCat(range.from ? KubernetesMinorText(*range.from) : "any", " to ",
                      range.until ? KubernetesMinorText(*range.until) : "any");
}

}  // namespace

std::string RenderCatalog(const Catalog& catalog, bool wide) {
  std::vector<std::string> header = {"CONTROL", "LEVEL", "TYPE", "COMPONENT",
                                     "FIX",     "RISK",  "TITLE"};
  if (wide) header.push_back("CHECK");
  std::vector<std::vector<std::string>> rows;
  for (const Control& control : catalog.controls) {
    rows.push_back({control.id, absl::StrCat("L", control.level),
                    control.automated ? "automated" : "manual", control.component,
                    FixWord(control.fix), RiskWord(control.risk), SafeLine(control.title)});
    if (wide) {
      rows.back().push_back(
          SafeLine(absl::StrReplaceAll(DescribeCheck(control.check), {{"\n", " "}})));
    }
  }
  return absl::StrCat(SafeLine(catalog.name), ": ", SafeLine(catalog.title), "; Kubernetes ",
                      VersionsText(catalog.kubernetes), "; ", catalog.controls.size(),
                      " controls\n\n", RenderTable(header, rows));
}

std::string RenderControl(const Catalog& catalog, const Control& control) {
  std::string text =
      absl::StrCat(SafeLine(catalog.name), "/", control.id, "  ", SafeLine(control.title), "\n",
                   "level      ", control.level, ", ", control.automated ? "automated" : "manual",
                   ", ", control.component, "\nwhy        ", SafeLine(control.why), "\nchecked    ",
                   Indented(SafeLines(DescribeCheck(control.check))), "\nrisk       ",
                   RiskWord(control.risk), ": ", SafeLine(control.risk_note), "\nfix        ");
  if (!control.fix.manual.empty()) {
    absl::StrAppend(&text, "by hand: ", SafeLine(control.fix.manual));
  } else if (control.fix.files_as_checked) {
    absl::StrAppend(&text, "set the mode or owner of each file that fails as checked");
  }
  bool first = true;
  for (const v1::Edit& edit : control.fix.edits) {
    absl::StrAppend(&text, first ? "" : "\n           ", SafeLine(Describe(edit)));
    first = false;
  }
  return text + "\n";
}

}  // namespace belay

// Plans as text for the tests of the compiler: a good one, and one around any edits.
#pragma once
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/plan/compile.h"

namespace belay::plan_texts {

inline constexpr char kHead[] =
    "apiVersion: belay.dev/v1\n"
    "kind: RemediationPlan\n"
    "metadata: {name: p}\n"
    "spec:\n"
    "  steps:\n"
    "  - name: s\n"
    "    edits:\n";

inline std::string Shown(const std::vector<Mistake>& mistakes) {
  return absl::StrJoin(mistakes, "\n", [](std::string* out, const Mistake& m) {
    absl::StrAppend(out, m.line, ":", m.column, ": ", m.message);
  });
}

// The head has 7 lines: edits begin in line 8.
inline std::string WithEdits(const std::string& edits) { return absl::StrCat(kHead, edits); }

inline const std::string kGood =
    WithEdits("    - setFlag: {manifest: kube-apiserver, flag: profiling, value: \"false\"}\n");
inline constexpr char kSetA[] = "    - setConfigKey: {file: /etc/a, path: a.b, value: 1}\n";
}  // namespace belay::plan_texts

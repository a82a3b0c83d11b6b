// From the YAML an operator writes to the one canonical RemediationPlan, and nothing else.  Finds
// every mistake in one go, each with its place; a plan with a mistake is not compiled at all.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "belay/v1/plan.pb.h"

namespace belay {

struct Mistake {
  int line = 0;    // from 1
  int column = 0;  // from 1, in bytes
  std::string message;
};

struct CompiledPlan {
  v1::RemediationPlan plan;       // meaningful only without mistakes
  std::vector<Mistake> mistakes;  // sorted by place
  std::vector<Mistake> warnings;  // compiles, but is probably not what is wanted; sorted by place
};

// Pure.  `yaml` is the text of a file; defaults are filled in (gate, volume names, modes).
CompiledPlan CompilePlan(std::string_view yaml);

// How much an edit must say.  In a plan: everything.  For one file that is given beside it
// (`belayctl edit`): not which manifest or file, and flags in any spelling that programs know.
enum class EditScope { Plan, OneFile };

struct CompiledEdit {
  v1::Edit edit;                  // meaningful only without mistakes
  std::vector<Mistake> mistakes;  // sorted by place
};

// One edit as in a plan, in YAML or JSON: {"setFlag": {"flag": "profiling", "value": "false"}}.
CompiledEdit CompileEdit(std::string_view text, EditScope scope);

// Checks the rules that need no place (also run on the node against a decoded plan, because what is
// signed may not have come through our compiler).  Empty means good.
std::vector<std::string> FindPlanErrors(const v1::RemediationPlan& plan);

// Deterministic serialisation: what is signed.
std::string CanonicalBytes(const v1::RemediationPlan& plan);

// One line for people: "set --profiling=false in kube-apiserver".
std::string Describe(const v1::Edit& edit);

}  // namespace belay

// `belay-agent apply` at the node of runner_fixture.h.
#pragma once
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node-agent/driver/local_apply.h"
#include "tests/unit/runner_fixture.h"

namespace belay {

class ApplyingTest : public RunnerTest {
 protected:
  // As a process of its own, of the fixture's plan; what else there is to say is the test's.
  absl::StatusOr<int> ApplyWith(LocalApply apply) {
    Open();
    said.clear();
    apply.plan = SignPlan(plan, key);
    apply.new_run = absl::StrCat("run", ++runs);
    return ApplyHere(*executor, *runner, clock, apply,
                     [this](const std::string& text) { said += text + "\n"; });
  }
  std::string said;
  int runs = 0;
};

}  // namespace belay

#include "node-agent/health/flag_check.h"

#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "node-agent/manifest/pod.h"

namespace belay {
namespace {

// Kubelet puts the value of $(VAR) in its place; nobody else knows it.
bool SameValue(const std::optional<std::string>& expected,
               const std::optional<std::string>& running) {
  if (expected == running) return true;
  if (!expected || !running || !absl::StrContains(*expected, "$(")) return false;
  const std::string name = "component";
  return ArgvMatches({name, absl::StrCat("--flag=", *expected)},
                     {name, absl::StrCat("--flag=", *running)}, name);
}

}  // namespace

std::vector<v1::FlagVerification> VerifyTouchedFlags(const v1::ComponentExpectation& component,
                                                     GateDirection direction,
                                                     const std::vector<std::string>& running) {
  const auto& wanted =
      direction == GateDirection::Forward ? component.argv_after() : component.argv_before();
  const std::vector<std::string> argv(wanted.begin(), wanted.end());
  std::vector<v1::FlagVerification> results;
  for (const std::string& flag : component.touched_flags()) {
    const std::optional<std::string> expected = FlagValue(argv, flag);
    const std::optional<std::string> found = FlagValue(running, flag);
    v1::FlagVerification result;
    result.set_component(component.component());
    result.set_flag(flag);
    result.set_expected(expected.value_or("(not given)"));
    result.set_running(found.value_or("(not given)"));
    result.set_ok(SameValue(expected, found));
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace belay

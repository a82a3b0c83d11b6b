// Values that the node's owner lets no plan bring about, whoever signed it: an API server that lets
// everybody in is nothing that a hardening tool has to make.  Judged by what a step would make of
// the files, not by how its edits are written.  Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "node-agent/change/change.h"

namespace belay {

struct ValueRule {
  std::string subject;  // a static pod ("kube-apiserver"), or the kind of a config file
  bool is_flag = true;
  std::string name;                  // without dashes; of a config file a dotted path, lists passed
  std::optional<std::string> value;  // or one item of a list; nothing: no new value at all
};

// "kube-apiserver --authorization-mode=AlwaysAllow", "kube-apiserver --token-auth-file" or
// "KubeletConfiguration authentication.anonymous.enabled=true".
absl::StatusOr<ValueRule> ParseValueRule(std::string_view text);

// What every node begins with: what opens a component to everybody.
const std::vector<std::string>& DefaultForbiddenValues();

// One sentence for each rule that the step would break anew: what is so already is not the step's
// doing.  A flag that is not given counts with what the component takes then, where that is known
// to be open.  Only files that can be read; the editor refuses others.
std::vector<std::string> FindForbiddenValues(const StepChanges& changes,
                                             const std::vector<ValueRule>& rules);

// The same changes, or FAILED_PRECONDITION with all of those sentences.
absl::StatusOr<StepChanges> WithoutForbidden(StepChanges changes,
                                             const std::vector<ValueRule>& rules);

}  // namespace belay

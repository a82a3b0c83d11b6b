// Edits of a YAML or JSON config file (kubelet, audit policy, encryption, admission, scheduler,
// kubeadm, kubeconfig), as functions on its bytes: locate in a tree, splice bytes, then read both
// versions anew as kubelet does and require that they differ in exactly the operation.  What cannot
// be edited with certainty is refused.  Pure.
#pragma once
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"
#include "node-agent/manifest/edit.h"

namespace belay {

// All edits must be setConfigKey or unsetConfigKey; their `file` is not looked at.
//
// setConfigKey makes the addressed value equal to value_json.  Parents that are missing, null or {}
// are made; an index equal to the list's length and a selector that no item matches append an item.
// unsetConfigKey takes the addressed key, or the item a selector chooses, away; an empty {} or []
// stays.  Both change nothing where it is so already.
//
// FAILED_PRECONDITION with line number and what to do, when the file cannot be edited with
// certainty; INVALID_ARGUMENT when the edit makes no sense in any file.  `touched_flags` is empty.
absl::StatusOr<EditOutcome> ApplyConfigEdits(std::string_view bytes,
                                             const std::vector<v1::Edit>& edits);

}  // namespace belay

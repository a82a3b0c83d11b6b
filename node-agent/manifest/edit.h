// Edits of a static pod's manifest, as functions on its bytes: locate with the parser, splice
// bytes, parse again and require that the parsed trees differ in exactly the intended values and
// that every byte outside the splices is the same.  What cannot be edited with certainty is
// refused.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"

namespace belay {

struct EditOutcome {
  std::string bytes;  // equal to the input when nothing had to change
  bool changed = false;
  std::vector<std::string> touched_flags;  // names without dashes, in order, each once
};

// `manifest` is the name the edits address ("kube-apiserver"); all edits must be of that manifest
// and none may be a putFile.  FAILED_PRECONDITION with line number and what to do, when refused;
// INVALID_ARGUMENT when the bytes are not one static pod.
absl::StatusOr<EditOutcome> ApplyEdits(std::string_view bytes, const std::string& manifest,
                                       const std::vector<v1::Edit>& edits);

}  // namespace belay

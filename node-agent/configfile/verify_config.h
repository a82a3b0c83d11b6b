// Judges an edit of a config file by its result alone: both versions, read as kubelet reads them,
// may differ in exactly the operation.  Uses neither the tree nor the code that made the splices.
// Pure.
#pragma once
#include <string_view>

#include "absl/status/status.h"
#include "belay/v1/plan.pb.h"

namespace belay {

// FAILED_PRECONDITION when `after` is not `before` plus the edit and nothing else.
absl::Status VerifyConfigEdit(std::string_view before, std::string_view after,
                              const v1::Edit& edit);

}  // namespace belay

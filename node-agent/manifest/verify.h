// Judges an edit by its result alone: the trees before and after may differ in exactly what the
// edit says, and bytes outside of the splices may not differ at all.  Shares nothing with the code
// that makes splices, so that a mistake there is found here.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "belay/v1/plan.pb.h"
#include "node-agent/manifest/splice.h"
#include "node-agent/manifest/tree.h"

namespace belay {

absl::Status VerifyEdit(const ManifestNode& before, const ManifestNode& after,
                        const std::string& manifest, const v1::Edit& edit);

// Every byte of `before` that no splice covers stands in `after`, in order, with only the splices'
// texts between.
absl::Status VerifyBytes(std::string_view before, std::string_view after,
                         const std::vector<Splice>& splices);

}  // namespace belay

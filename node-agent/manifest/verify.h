// Judges an edit by its result alone: the models before and after may differ in exactly what the
// edit says, and bytes outside of the splices may not differ at all.  Shares nothing with the code
// that makes splices, so that a mistake there is found here.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "belay/v1/plan.pb.h"
#include "node-agent/manifest/model.h"
#include "node-agent/manifest/splice.h"

namespace belay {

// One model for each document of the file.
absl::Status VerifyEdit(const std::vector<Model>& before, const std::vector<Model>& after,
                        const std::string& manifest, const v1::Edit& edit);

// Every byte of `before` that no splice covers stands in `after`, in order, with only the splices'
// texts between.
absl::Status VerifyBytes(std::string_view before, std::string_view after,
                         const std::vector<Splice>& splices);

}  // namespace belay

// setFlag, unsetFlag and mergeListFlag as splices of a manifest.  No splice means: already so.
// Pure.
#pragma once
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "belay/v1/plan.pb.h"
#include "node-agent/manifest/locate.h"
#include "node-agent/manifest/splice.h"

namespace belay {

// After it the flag stands once, with that value; or as often as before, if each has it already.
absl::StatusOr<std::vector<Splice>> SetFlagSplices(std::string_view bytes, const EditPlace& place,
                                                   const v1::SetFlag& edit);
// After it the flag stands nowhere.
absl::StatusOr<std::vector<Splice>> UnsetFlagSplices(std::string_view bytes, const EditPlace& place,
                                                     const v1::UnsetFlag& edit);
// After it the flag's uses together hold every element of add and none of remove.
absl::StatusOr<std::vector<Splice>> MergeListFlagSplices(std::string_view bytes,
                                                         const EditPlace& place,
                                                         const v1::MergeListFlag& edit);

}  // namespace belay

// Does kubelet run with what the step has written into its file?  It reads that file leniently: a
// key that its version does not know is taken without a word, and a flag beats the file.  Judged by
// /configz, which shows what it runs with.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "belay/v1/journal.pb.h"
#include "belay/v1/plan.pb.h"

namespace belay {

// "authentication.anonymous.enabled=false" for each key of `file` that the step sets to one value;
// paths through lists and values that are lists or maps are left out: kubelet may write them
// otherwise.
std::vector<std::string> TouchedConfigKeys(const v1::Step& step, const std::string& file);

// One for each of the above; empty when `configz` cannot be read.  Not ok: kubelet does not have
// the key, or has another value.
std::vector<v1::FlagVerification> VerifyConfigKeys(
    const google::protobuf::RepeatedPtrField<std::string>& touched, std::string_view configz);

}  // namespace belay

// mountPath and unmountPath, as judge.h says.  Pure.
#pragma once
#include <string>
#include <string_view>

#include "belay/v1/plan.pb.h"
#include "tests/support/oracle/pod_place.h"

namespace belay::oracle {

std::string JudgeMount(std::string_view before, std::string_view after, const PodPlace& old_place,
                       const PodPlace& new_place, const v1::MountPath& edit);
std::string JudgeUnmount(std::string_view before, std::string_view after, const PodPlace& old_place,
                         const PodPlace& new_place, const v1::UnmountPath& edit);

}  // namespace belay::oracle

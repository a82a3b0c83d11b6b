// setFlag, unsetFlag and mergeListFlag, as judge.h says.  Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "belay/v1/plan.pb.h"
#include "tests/support/oracle/pod_place.h"

namespace belay::oracle {

std::string JudgeFlag(std::string_view before, std::string_view after, const PodPlace& old_place,
                      const PodPlace& new_place, const v1::Edit& edit);

// The elements of a comma list, trimmed, the empty ones left out.
std::vector<std::string> ListElements(const std::vector<std::string>& values);

}  // namespace belay::oracle

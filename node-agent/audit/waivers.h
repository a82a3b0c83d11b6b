// Controls that somebody answers for until a date, from YAML.  Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "belay/v1/audit.pb.h"
#include "common/plan/compile.h"

namespace belay {

struct ReadWaiversResult {
  std::vector<v1::Waiver> waivers;  // meaningful only without mistakes
  std::vector<Mistake> mistakes;    // sorted by place
};
ReadWaiversResult ReadWaivers(std::string_view yaml);

struct WaiverTarget {
  std::string benchmark;
  std::string cluster;
  std::string node;
};

// A failed or manual result becomes WAIVED; what could not be evaluated is not waived.  An expired
// waiver changes no outcome, and the result says so.
void ApplyWaivers(const std::vector<v1::Waiver>& waivers, const WaiverTarget& target,
                  std::int64_t now_unix, std::vector<v1::ControlResult>& results);

}  // namespace belay

// What every edit must satisfy whatever it is given, for fuzzing and property tests.  Pure.
#pragma once
#include <string>
#include <string_view>

#include "belay/v1/plan.pb.h"

namespace belay::fuzz {

enum class Ending { Edited, Already, Refused, Wrong };
struct Verdict {
  Ending ending = Ending::Refused;
  std::string what;  // the refusal, or what is wrong
};

// The editor's result must be what the oracle says, twice must be once, and a refusal must say why.
Verdict CheckPodEdit(std::string_view text, const std::string& manifest, const v1::Edit& edit);

// The editor's reader must see in these bytes what kubelet's parser sees, or refuse them.  Empty
// when it does.
std::string CheckReading(std::string_view text);

}  // namespace belay::fuzz

// Fleet rollouts as text for people.  Pure.
#pragma once
#include <cstdint>
#include <string>

#include "belay/v1/admin.pb.h"

namespace belay {

std::string RenderFleet(const v1::Fleet& fleet);
std::string RenderFleetPreview(const v1::Fleet& fleet);  // of --dry-run: nothing has begun
std::string RenderFleetList(const v1::ListFleetsReply& fleets);
bool IsFinished(const v1::Fleet& fleet);
int ExitCodeOf(const v1::Fleet& fleet);

}  // namespace belay

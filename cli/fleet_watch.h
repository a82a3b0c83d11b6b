// Follows a fleet rollout until it ends: a line for each change.
#pragma once
#include <string>

#include "cli/session.h"

namespace belay {
int WatchFleetUntilDone(Session& session, Client& client, const std::string& fleet_id);
}  // namespace belay

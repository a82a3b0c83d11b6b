// Follows one rollout until it ends: a live view on a terminal, a line a change in a pipe, a JSON
// object a line with -o json.  A coordinator that goes away is waited for until --timeout; the
// rollout itself does not depend on being watched.
#pragma once
#include <string>

#include "cli/session.h"

namespace belay {
// Returns the exit code.
int WatchUntilDone(Session& session, Client& client, const std::string& rollout_id);
}  // namespace belay

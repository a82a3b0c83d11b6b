// `belayctl node list`: the table of nodes.  Pure; `now_unix_ms` is the caller's clock.
#pragma once
#include <cstdint>
#include <string>

#include "belay/v1/admin.pb.h"

namespace belay {
std::string RenderNodes(const v1::ListNodesReply& nodes, std::int64_t now_unix_ms, bool wide);
}  // namespace belay

// `belayctl cluster list` and `cluster label`.  Pure.
#pragma once
#include <string>

#include "belay/v1/admin.pb.h"

namespace belay {

std::string RenderClusters(const v1::ListClustersReply& clusters, bool wide);

}  // namespace belay

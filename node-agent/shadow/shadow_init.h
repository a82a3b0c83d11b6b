// The first process of the shadow's namespaces: puts the file systems together, starts etcd and the
// server, and asks the server until there is an answer to give.  With its end everything ends.
#pragma once
#include "belay/v1/shadow.pb.h"

namespace belay {

// Alone in new mount, process, network, IPC and UTS namespaces, with one thread.  Never fails: what
// could not be done is NOT_BOOTED and its reason.
v1::ShadowResult BootHere(const v1::ShadowRequest& request);

}  // namespace belay

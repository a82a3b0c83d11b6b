// The files that flags of the API server name: whether they are to be seen in its container, and
// whether the audit policy is one.  Errors are worded as the real one words them.
#pragma once
#include "absl/status/status.h"
#include "tests/support/standin/apiserver_flags.h"
#include "tests/support/standin/container_view.h"

namespace belay::standin {

absl::Status CheckFiles(const Flags& flags, const ContainerView& view);

}  // namespace belay::standin

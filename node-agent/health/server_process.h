// Which process serves what a step is about to change?  Reads processes only.
#pragma once
#include <optional>

#include "belay/v1/journal.pb.h"
#include "common/os/process_table.h"

namespace belay {

// The one that serves the old arguments; nothing where none does.
std::optional<Process> FindServer(const v1::ComponentExpectation& component,
                                  const ProcessTable& processes);

}  // namespace belay

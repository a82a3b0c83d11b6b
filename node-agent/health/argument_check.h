// Would the component take the arguments that a step gives it?  Asked of the very program that runs
// now, so that an unknown flag or a value of the wrong type costs no restart.  It refuses only what
// the program itself refuses, and only where the same question about the arguments of now is
// answered well: what cannot be asked is left to the gate.
#pragma once
#include "absl/status/status.h"
#include "belay/v1/journal.pb.h"
#include "common/os/argument_trial.h"
#include "common/os/process_table.h"

namespace belay {

// FAILED_PRECONDITION with the program's own words.  `server`: the process that serves the old
// arguments.
absl::Status RefuseUnknownArguments(const v1::ComponentExpectation& component,
                                    const Process& server, ArgumentTrial& trial);

}  // namespace belay

// The signals that ask a program to end, for sigwait alone.
#pragma once
#include <csignal>

namespace belay {

// SIGTERM and SIGINT; every thread made later inherits the mask, so to be called while there is
// one.  SIGPIPE is ignored from then on.
sigset_t BlockStopSignals();

}  // namespace belay

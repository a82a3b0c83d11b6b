// What is known of the terminal on standard output.
#pragma once
#include "cli/render/watch.h"

namespace belay {
bool OutputIsTerminal();  // false too where TERM is "dumb" or not set
Screen ScreenSize();      // asked each time: windows are resized; 80 x 24 when it cannot be told
}  // namespace belay

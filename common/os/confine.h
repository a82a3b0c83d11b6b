// Takes from the calling process, between fork and exec, whatever a program does not need that is
// only to look at its own arguments.
#pragma once

namespace belay {

struct Confinement {
  int root_fd = -1;  // a folder that becomes the whole file system
  unsigned uid =
      65534;  // and group; of nobody else on the machine, so that nobody can be signalled
  unsigned cpu_seconds = 10;
};

// No network (a namespace of its own, with nothing in it), no other processes' memory or
// semaphores, nothing to write (no file may grow), few descriptors and threads, no rights and none
// to be had from set-user-id programs, first to go when memory is short.  False when any of this
// cannot be done: then the caller must end.  Async-signal-safe.
bool ConfineMyself(const Confinement& confinement);

}  // namespace belay

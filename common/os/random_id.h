// Random numbers from the kernel, for identifiers and secrets.
#pragma once
#include <cstddef>
#include <string>

namespace belay {

// Lower-case hex of this many random bytes (twice as many characters).  Waits once at early boot
// until the kernel has enough entropy; never gives less than asked for.
std::string RandomHex(std::size_t bytes);

// From 0 up to, but not including, 1.
double RandomFraction();

}  // namespace belay

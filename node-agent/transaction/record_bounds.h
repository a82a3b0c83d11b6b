// Keeps a record of a verdict within the space that was reserved for it: what a component has said,
// or how often it was asked, must not be able to fill the disk.  Pure.
#pragma once
#include <cstddef>

#include "belay/v1/journal.pb.h"

namespace belay {

inline constexpr std::size_t kMostReportBytes = std::size_t{64} << 10;
inline constexpr std::size_t kMostTextBytes = std::size_t{8} << 10;
// All records between the intent and the end of a run, of which each kind comes once but
// GateResumed; beside what is as long as the intent itself.
inline constexpr std::size_t kVerdictBytes = std::size_t{512} << 10;

// Cuts texts off and leaves out the oldest samples, and says so in the record.  One that is within
// the bounds stays as it is.
void BoundRecord(v1::Record* record);

}  // namespace belay

// The few system calls both stand-ins need, with errors as values.  Not production code: production
// goes through the seams of common/os.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace belay::standin {

std::int64_t MonotonicMs();
void SleepMs(std::int64_t ms);
// Error text as Go words it: "open PATH: no such file or directory".
absl::StatusOr<std::string> ReadFile(const std::string& path);
// Like `mkdir -p`, mode 0755.
absl::Status MakeDirectories(const std::string& path);
std::string Environment(const char* name);
// One line to stderr: the time, that this is a stand-in, and `text`.
void Log(const std::string& text);

}  // namespace belay::standin

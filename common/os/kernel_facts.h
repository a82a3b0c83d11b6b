// What the running kernel says of this machine.  Any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace belay {

std::string HostName();  // empty when it cannot be had

// The value of a parameter by its name with dots ("vm.panic_on_oom"), without the end of line.
std::optional<std::string> KernelParameter(const std::string& name);

// What programs could still be given without others losing theirs.
std::optional<std::uint64_t> AvailableMemoryMib();

}  // namespace belay

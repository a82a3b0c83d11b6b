// Small reads of /proc, where everything may vanish between two calls.  Only for common/os.
#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace belay {

// Nothing when the process has gone, also in the middle of reading.
std::optional<std::string> ReadProcFile(const std::string& path);

// Of a directory's entries; nothing when it cannot be listed.
std::optional<std::vector<std::string>> ProcNames(const std::string& directory);

// Empty when there is no such link, or it cannot be read.
std::string ProcLink(const std::string& path);

// From the text of /proc/PID/stat, in CLOCK_BOOTTIME; nothing for zombies and for what cannot be
// parsed.
std::optional<std::int64_t> StartedNs(const std::string& stat);

// The inode in "socket:[123]"; empty for other descriptors.
std::string SocketInode(const std::string& descriptor_link);

}  // namespace belay

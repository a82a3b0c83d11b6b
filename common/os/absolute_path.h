// Paths of the command line, made absolute where the program was started; everything later is
// absolute.
#pragma once
#include <string>

namespace belay {
// Without ".", ".." and doubled slashes, counted by the letters alone: Belay follows no symbolic
// links.  An empty path stays empty.
std::string AbsolutePath(const std::string& path);
}  // namespace belay

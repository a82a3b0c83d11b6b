// Paths of the command line, made absolute where the program was started; everything later is
// absolute.
#pragma once
#include <string>

namespace belay {
std::string AbsolutePath(const std::string& path);  // an empty one stays empty
}  // namespace belay
